//! Preconditions: what must hold inside the transaction.

use super::pass::Pass;
use crate::conn::{Conn, Parts};
use crate::error::DbResult;
use crate::rows::{Statement, row_set};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use stepwright_app::Precondition;
use stepwright_app::ports::CommitError;
use stepwright_engine::{ExecutionId, Timestamp};
use uuid::Uuid;

row_set! {
    struct TickRow { tenant_id: Uuid, id: Uuid, tick: i64, next: Option<i64> }
}
row_set! {
    struct EventRow { tenant_id: Uuid, id: Uuid }
}
row_set! {
    struct AloneRow<'a> { tenant_id: Uuid, id: Uuid, entity_schema: &'a str, entity_id: &'a str }
}
row_set! {
    struct SinceRow { tenant_id: Uuid, id: Uuid, since: i64 }
}

static FIRE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<TickRow>(
        "UPDATE definitions SET next_tick = r.next FROM {rows}
         WHERE definitions.id = r.id AND definitions.tenant_id = r.tenant_id AND definitions.next_tick = r.tick
         RETURNING definitions.id",
    )
});

static TAKE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<EventRow>(
        "DELETE FROM emitted_events WHERE (id, tenant_id) IN (SELECT r.id, r.tenant_id FROM {rows}) RETURNING id",
    )
});

/// The definition's row stands for "starts of this definition": whoever holds it looks at settled ground.
static LOCK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<SinceRow>(
        "SELECT d.id FROM {rows} JOIN definitions d ON d.id = r.id AND d.tenant_id = r.tenant_id
         ORDER BY d.id FOR UPDATE OF d",
    )
});

static NEWEST: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<SinceRow>(
        "SELECT n.definition_id, n.id, n.created_at FROM (
            SELECT r.id AS definition_id, r.since AS since,
                (SELECT x.id FROM executions x WHERE x.tenant_id = r.tenant_id AND x.definition_id = r.id
                 ORDER BY x.created_at DESC, x.id DESC LIMIT 1) AS id,
                (SELECT x.created_at FROM executions x WHERE x.tenant_id = r.tenant_id AND x.definition_id = r.id
                 ORDER BY x.created_at DESC, x.id DESC LIMIT 1) AS created_at
            FROM {rows}) AS n
         WHERE n.created_at > n.since",
    )
});

static LOCK_ALONE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<AloneRow>(
        "SELECT d.id FROM {rows} JOIN definitions d ON d.id = r.id AND d.tenant_id = r.tenant_id
         ORDER BY d.id FOR UPDATE OF d",
    )
});

static OPEN: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<AloneRow>(
        "SELECT e.definition_id, e.entity_schema, e.entity_id, e.id, e.created_at
         FROM {rows} JOIN executions e ON e.tenant_id = r.tenant_id AND e.definition_id = r.id
            AND e.entity_id = r.entity_id AND e.entity_schema = r.entity_schema AND e.ended_at IS NULL",
    )
});

/// Refuses commits whose preconditions do not hold; moves ticks on and takes events for the others.
pub(super) async fn check(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let mut ticks = Vec::new();
    let mut events = Vec::new();
    let mut sinces = Vec::new();
    let mut alone = Vec::new();
    for commit in pass.going().map(|prepared| &prepared.commit) {
        let tenant_id = commit.tenant_id.uuid();
        for guard in &commit.preconditions {
            match guard {
                Precondition::TickUnfired { definition, tick, next } => ticks.push(TickRow {
                    tenant_id,
                    id: definition.uuid(),
                    tick: tick.micros(),
                    next: next.map(Timestamp::micros),
                }),
                Precondition::EventUnhandled { event } => events.push(EventRow { tenant_id, id: event.uuid() }),
                Precondition::NoExecutionSince { definition, since } => {
                    sinces.push(SinceRow { tenant_id, id: definition.uuid(), since: since.micros() });
                }
                Precondition::NoOpenExecution { definition, entity } => alone.push(AloneRow {
                    tenant_id,
                    id: definition.uuid(),
                    entity_schema: &entity.schema,
                    entity_id: &entity.id,
                }),
            }
        }
    }
    if ticks.is_empty() && events.is_empty() && sinces.is_empty() && alone.is_empty() {
        return Ok(());
    }
    ticks.sort_unstable_by_key(|row| row.id);
    events.sort_unstable_by_key(|row| row.id);
    sinces.sort_unstable_by_key(|row| row.id);
    alone.sort_unstable_by_key(|row| row.id);
    let fired: HashSet<Uuid> = ids(FIRE.fetch(conn.parts(), &ticks).await?);
    let taken: HashSet<Uuid> = ids(TAKE.fetch(conn.parts(), &events).await?);
    if matches!(conn.parts(), Parts::Postgres(_)) {
        let _: Vec<(Uuid,)> = LOCK.fetch(conn.parts(), &sinces).await?;
        let _: Vec<(Uuid,)> = LOCK_ALONE.fetch(conn.parts(), &alone).await?;
    }
    let open: Vec<(Uuid, String, String, Uuid, i64)> = OPEN.fetch(conn.parts(), &alone).await?;
    let newest: Vec<(Uuid, Uuid, i64)> = NEWEST.fetch(conn.parts(), &sinces).await?;
    let newest: HashMap<Uuid, (ExecutionId, Timestamp)> = newest
        .into_iter()
        .map(|(definition, id, at)| (definition, (ExecutionId::from_uuid(id), Timestamp::from_micros(at))))
        .collect();
    pass.refuse(
        |prepared| {
            prepared.commit.preconditions.iter().enumerate().find_map(|(index, guard)| match guard {
                Precondition::TickUnfired { definition, .. } => {
                    (!fired.contains(&definition.uuid())).then_some(CommitError::Precondition { index, newest: None })
                }
                Precondition::EventUnhandled { event } => {
                    (!taken.contains(&event.uuid())).then_some(CommitError::Precondition { index, newest: None })
                }
                Precondition::NoOpenExecution { definition, entity } => open
                    .iter()
                    .find(|(id, schema, of, ..)| {
                        *id == definition.uuid() && *schema == entity.schema && *of == entity.id
                    })
                    .map(|(.., id, at)| CommitError::Precondition {
                        index,
                        newest: Some((ExecutionId::from_uuid(*id), Timestamp::from_micros(*at))),
                    }),
                Precondition::NoExecutionSince { definition, .. } => {
                    newest.get(&definition.uuid()).map(|run| CommitError::Precondition { index, newest: Some(*run) })
                }
            })
        },
        // A single precondition that fails has changed nothing.
        |prepared| prepared.commit.preconditions.len() > 1,
    );
    Ok(())
}

fn ids(rows: Vec<(Uuid,)>) -> HashSet<Uuid> {
    rows.into_iter().map(|(id,)| id).collect()
}
