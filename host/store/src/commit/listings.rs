//! What lists of flows and of their tasks go by.

use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::DbResult;
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use stepwright_app::ListingChange;
use stepwright_engine::Timestamp;
use uuid::Uuid;

row_set! {
    struct ListedRow<'a> { execution_id: Uuid, tenant_id: Uuid, status: &'a str, name_key: &'a str, started: i64, due: i64 }
}

static KEEP_FLOW: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<ListedRow>(
        "INSERT INTO flow_list (execution_id, tenant_id, status, name_key, started, due)
         SELECT r.execution_id, r.tenant_id, r.status, r.name_key, r.started, r.due FROM {rows} WHERE TRUE
         ON CONFLICT (execution_id) DO UPDATE SET
            status = excluded.status, name_key = excluded.name_key, started = excluded.started, due = excluded.due",
    )
});

row_set! {
    struct TaskRow<'a> {
        execution_id: Uuid,
        task_id: &'a str,
        tenant_id: Uuid,
        bucket: i64,
        name_key: &'a str,
        flow_key: &'a str,
        started: i64,
        place: i64,
        due: i64,
        manual: i64,
    }
}

static KEEP_TASK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<TaskRow>(
        "INSERT INTO flow_tasks (execution_id, task_id, tenant_id, bucket, name_key, flow_key, started, place, due,
            manual)
         SELECT r.execution_id, r.task_id, r.tenant_id, r.bucket, r.name_key, r.flow_key, r.started, r.place, r.due,
            r.manual
         FROM {rows} WHERE TRUE
         ON CONFLICT (execution_id, task_id) DO UPDATE SET
            bucket = excluded.bucket, name_key = excluded.name_key, flow_key = excluded.flow_key,
            started = excluded.started, place = excluded.place, due = excluded.due, manual = excluded.manual",
    )
});

row_set! {
    struct GoneTask<'a> { execution_id: Uuid, task_id: &'a str }
}

static DROP_TASK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<GoneTask>(
        "DELETE FROM flow_tasks WHERE (execution_id, task_id) IN (SELECT r.execution_id, r.task_id FROM {rows})",
    )
});

row_set! {
    struct UserRow<'a> { tenant_id: Uuid, user_id: &'a str, open: i64, execution_id: Uuid, task_id: &'a str }
}

static KEEP_USER: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<UserRow>(
        "INSERT INTO flow_users (tenant_id, user_id, open, execution_id, task_id)
         SELECT r.tenant_id, r.user_id, r.open, r.execution_id, r.task_id FROM {rows} WHERE TRUE
         ON CONFLICT DO NOTHING",
    )
});

row_set! {
    pub(super) struct FlowRow { execution_id: Uuid }
}

/// By the execution alone, which the commit has written under its tenant: with the tenant, SQLite would without
/// statistics go through all of the tenant's rows.
macro_rules! drop_of {
    ($($vis:vis $name:ident: $table:literal;)+) => {$(
        $vis static $name: LazyLock<Statement> = LazyLock::new(|| {
            Statement::new::<FlowRow>(concat!(
                "DELETE FROM ", $table, " WHERE execution_id IN (SELECT r.execution_id FROM {rows})"
            ))
        });
    )+};
}

drop_of! {
    DROP_FLOW: "flow_list";
    DROP_TASKS: "flow_tasks";
    DROP_USERS: "flow_users";
    pub(super) DROP_ENTITIES: "flow_entities";
}

/// The number for "none": it comes last.
pub(crate) const NO_DUE_DATE: i64 = i64::MAX;

fn due(due: Option<Timestamp>) -> i64 {
    due.map_or(NO_DUE_DATE, Timestamp::micros)
}

/// Writes what has changed. Rows of a flow are only touched by commits that hold its execution's row.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let (mut flows, mut tasks, mut gone_tasks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut users, mut regrouped, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant_id, listing) in
        going.iter().flat_map(|p| p.commit.effects.listings.iter().map(|l| (p.commit.tenant_id.uuid(), l)))
    {
        let execution_id = listing.execution.uuid();
        match &listing.change {
            ListingChange::Gone => gone.push(FlowRow { execution_id }),
            ListingChange::Changed { flow, tasks: changed, gone: left, users: assigned } => {
                flows.extend(flow.iter().map(|flow| ListedRow {
                    execution_id,
                    tenant_id,
                    status: flow.status.as_str(),
                    name_key: &flow.name_key,
                    started: flow.started.nanos(),
                    due: due(flow.due),
                }));
                tasks.extend(changed.iter().map(|task| TaskRow {
                    execution_id,
                    task_id: task.id.as_str(),
                    tenant_id,
                    bucket: task.bucket.number(),
                    name_key: &task.name_key,
                    flow_key: &task.flow_key,
                    started: task.started.nanos(),
                    place: i64::from(task.place),
                    due: due(task.due),
                    manual: i64::from(task.manual),
                }));
                gone_tasks.extend(left.iter().map(|id| GoneTask { execution_id, task_id: id.as_str() }));
                if let Some(assigned) = assigned {
                    regrouped.push(FlowRow { execution_id });
                    users.extend(assigned.assigned.iter().map(|(user, task)| UserRow {
                        tenant_id,
                        user_id: user,
                        open: i64::from(assigned.open),
                        execution_id,
                        task_id: task.as_ref().map_or("", |id| id.as_str()),
                    }));
                }
            }
        }
    }
    KEEP_FLOW.execute(conn.parts(), &flows).await?;
    DROP_TASK.execute(conn.parts(), &gone_tasks).await?;
    KEEP_TASK.execute(conn.parts(), &tasks).await?;
    DROP_USERS.execute(conn.parts(), &regrouped).await?;
    KEEP_USER.execute(conn.parts(), &users).await?;
    for statement in [&DROP_FLOW, &DROP_TASKS, &DROP_USERS, &DROP_ENTITIES] {
        statement.execute(conn.parts(), &gone).await?;
    }
    Ok(())
}
