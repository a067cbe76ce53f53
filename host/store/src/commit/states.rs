//! Executions, their history and the bill: what every commit writes.

use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::{DbResult, stored};
use crate::rows::{Statement, row_set};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::CommitError;
use stepwright_app::{Commit, ExecutionWrite, UsageDelta, Wake};
use stepwright_engine::Timestamp;
use stepwright_engine::outcome::EntityRef;
use uuid::Uuid;

row_set! {
    struct NextRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        expected: i64,
        version: i64,
        /// The node that must hold the lease.
        held_by: Option<Uuid>,
        title: &'a str,
        status: &'a str,
        doc: &'a str,
        at: i64,
        ended_at: Option<i64>,
        entity_schema: Option<&'a str>,
        entity_id: Option<&'a str>,
        started_at: i64,
        /// 1: the wake stays as it is.
        keep: i64,
        wake_at: Option<i64>,
        lease_holder: Option<Uuid>,
    }
}

static UPDATE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NextRow>(
        "UPDATE executions SET
            version = r.version, title = r.title, status = r.status, doc = r.doc, updated_at = r.at,
            ended_at = r.ended_at, entity_schema = r.entity_schema, entity_id = r.entity_id, started_at = r.started_at,
            wake_at = CASE WHEN r.keep = 1 THEN executions.wake_at ELSE r.wake_at END,
            lease_holder = CASE WHEN r.keep = 1 THEN executions.lease_holder ELSE r.lease_holder END
         FROM {rows}
         WHERE executions.id = CASE WHEN TRUE THEN r.id END
            AND (executions.version = r.expected AND executions.tenant_id = r.tenant_id) IS TRUE
            AND (r.held_by IS NULL OR executions.lease_holder = r.held_by)
         RETURNING executions.id",
    )
});

row_set! {
    struct NewRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        definition_id: Uuid,
        definition_version: i64,
        dialect: &'a str,
        kind: &'a str,
        title: &'a str,
        status: &'a str,
        version: i64,
        doc: &'a str,
        created_at: i64,
        at: i64,
        ended_at: Option<i64>,
        entity_schema: Option<&'a str>,
        entity_id: Option<&'a str>,
        started_at: i64,
        wake_at: Option<i64>,
        lease_holder: Option<Uuid>,
    }
}

/// A tenant deleted meanwhile must not get rows again.
static INSERT: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NewRow>(
        "INSERT INTO executions (id, tenant_id, definition_id, definition_version, dialect, kind, title, status,
            version, doc, created_at, updated_at, ended_at, entity_schema, entity_id, started_at, wake_at, lease_holder)
         SELECT r.id, r.tenant_id, r.definition_id, r.definition_version, r.dialect, r.kind, r.title, r.status,
            r.version, r.doc, r.created_at, r.at, r.ended_at, r.entity_schema, r.entity_id, r.started_at, r.wake_at,
            r.lease_holder
         FROM {rows} WHERE EXISTS (SELECT 1 FROM tenants t WHERE t.id = r.tenant_id)
         ON CONFLICT (id) DO NOTHING RETURNING id",
    )
});

row_set! {
    struct HistoryRow<'a> { execution_id: Uuid, seq: i64, tenant_id: Uuid, doc: &'a str }
}

static HISTORY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<HistoryRow>(
        "INSERT INTO history (execution_id, seq, tenant_id, doc)
         SELECT r.execution_id, r.seq, r.tenant_id, r.doc FROM {rows}",
    )
});

row_set! {
    struct UsageRow<'a> {
        tenant_id: Uuid,
        day: &'a str,
        shard: i64,
        executions: i64,
        steps: i64,
        fuel: i64,
        host_calls: i64,
        wall_us: i64,
    }
}

static USAGE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<UsageRow>(
        "INSERT INTO usage_days (tenant_id, day, shard, executions, steps, fuel, host_calls, wall_us)
         SELECT r.tenant_id, r.day, r.shard, r.executions, r.steps, r.fuel, r.host_calls, r.wall_us FROM {rows}
         WHERE TRUE
         ON CONFLICT (tenant_id, day, shard) DO UPDATE SET
            executions = usage_days.executions + excluded.executions, steps = usage_days.steps + excluded.steps,
            fuel = usage_days.fuel + excluded.fuel, host_calls = usage_days.host_calls + excluded.host_calls,
            wall_us = usage_days.wall_us + excluded.wall_us",
    )
});

/// `wake_at` and `lease_holder`. An execution that has ended is never due and held by nobody.
fn wake(write: &ExecutionWrite) -> (Option<i64>, Option<Uuid>) {
    match write.wake {
        _ if write.next.status.is_final() => (None, None),
        Wake::Leased { holder, until } => (Some(until.micros()), Some(holder.uuid())),
        Wake::At(at) => (Some(at.micros()), None),
        Wake::Never | Wake::Keep => (None, None),
    }
}

/// What lists find the execution by. A name that PostgreSQL cannot hold is no entity's.
fn entity(write: &ExecutionWrite) -> Option<&EntityRef> {
    write.next.entity.as_ref().filter(|e| !e.schema.contains('\0') && !e.id.contains('\0'))
}

/// PostgreSQL's texts cannot hold a NUL. The document, in which it is escaped, keeps it.
fn title(write: &ExecutionWrite) -> Cow<'_, str> {
    if write.next.title.contains('\0') {
        Cow::Owned(write.next.title.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(&write.next.title)
    }
}

fn next_row<'a>(commit: &Commit, write: &'a ExecutionWrite, title: &'a str) -> NextRow<'a> {
    let (wake_at, lease_holder) = wake(write);
    NextRow {
        id: write.next.id.uuid(),
        tenant_id: commit.tenant_id.uuid(),
        expected: stored(write.expected),
        version: stored(write.next.version),
        held_by: write.held_by.map(|node| node.uuid()),
        title,
        status: CoreStatus::of(&write.next).as_str(),
        doc: &write.document,
        at: commit.at.micros(),
        ended_at: write.next.status.ended_at().map(Timestamp::micros),
        entity_schema: entity(write).map(|e| e.schema.as_str()),
        entity_id: entity(write).map(|e| e.id.as_str()),
        started_at: write.next.started_at.map_or(0, Timestamp::micros),
        keep: i64::from(matches!(write.wake, Wake::Keep) && !write.next.status.is_final()),
        wake_at,
        lease_holder,
    }
}

fn new_row<'a>(commit: &Commit, write: &'a ExecutionWrite, title: &'a str) -> NewRow<'a> {
    let (wake_at, lease_holder) = wake(write);
    NewRow {
        id: write.next.id.uuid(),
        tenant_id: commit.tenant_id.uuid(),
        definition_id: write.next.definition_id.uuid(),
        definition_version: i64::from(write.next.definition_version),
        dialect: write.next.dialect.as_str(),
        kind: write.next.kind.as_str(),
        title,
        status: CoreStatus::of(&write.next).as_str(),
        version: stored(write.next.version),
        doc: &write.document,
        created_at: write.next.created_at.micros(),
        at: commit.at.micros(),
        ended_at: write.next.status.ended_at().map(Timestamp::micros),
        entity_schema: entity(write).map(|e| e.schema.as_str()),
        entity_id: entity(write).map(|e| e.id.as_str()),
        started_at: write.next.started_at.map_or(0, Timestamp::micros),
        wake_at,
        lease_holder,
    }
}

/// Writes the next states; refuses commits whose executions have moved on.
pub(super) async fn write(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let writes: Vec<(&Commit, &ExecutionWrite, Cow<'_, str>)> =
        pass.going().flat_map(|p| p.commit.executions.iter().map(|write| (&p.commit, write, title(write)))).collect();
    let mut next: Vec<NextRow<'_>> =
        writes.iter().filter(|(_, w, _)| w.expected > 0).map(|(c, w, t)| next_row(c, w, t)).collect();
    let mut new: Vec<NewRow<'_>> =
        writes.iter().filter(|(_, w, _)| w.expected == 0).map(|(c, w, t)| new_row(c, w, t)).collect();
    next.sort_unstable_by_key(|row| row.id);
    new.sort_unstable_by_key(|row| row.id);
    let mut written: HashSet<Uuid> = HashSet::with_capacity(writes.len());
    let updated: Vec<(Uuid,)> = UPDATE.fetch(conn.parts(), &next).await?;
    let inserted: Vec<(Uuid,)> = INSERT.fetch(conn.parts(), &new).await?;
    written.extend(updated.into_iter().chain(inserted).map(|(id,)| id));
    pass.refuse(
        |prepared| {
            let mut executions = prepared.commit.executions.iter().map(|write| write.next.id);
            executions.find(|id| !written.contains(&id.uuid())).map(CommitError::Stale)
        },
        Prepared::has_parts,
    );
    Ok(())
}

/// Appends the history of commits that go through.
pub(super) async fn write_history(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let rows: Vec<HistoryRow<'_>> = going
        .iter()
        .flat_map(|p| {
            let tenant_id = p.commit.tenant_id.uuid();
            p.history.iter().map(move |line| HistoryRow {
                execution_id: line.execution,
                seq: line.seq,
                tenant_id,
                doc: &line.doc,
            })
        })
        .collect();
    HISTORY.execute(conn.parts(), &rows).await?;
    Ok(())
}

/// Adds to the bill, one row per tenant and day.
pub(super) async fn write_usage(going: &[&Prepared], conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
    let mut days: BTreeMap<(Uuid, String), UsageDelta> = BTreeMap::new();
    for commit in going.iter().map(|p| &p.commit).filter(|c| c.usage != UsageDelta::default()) {
        let day = commit.at.datetime().date_naive().to_string();
        let sum = days.entry((commit.tenant_id.uuid(), day)).or_default();
        sum.executions = sum.executions.saturating_add(commit.usage.executions);
        sum.steps = sum.steps.saturating_add(commit.usage.steps);
        sum.metering.add(&commit.usage.metering);
    }
    let rows: Vec<UsageRow<'_>> = days
        .iter()
        .map(|((tenant, day), sum)| UsageRow {
            tenant_id: *tenant,
            day,
            shard: stored(shard),
            executions: stored(sum.executions),
            steps: stored(sum.steps),
            fuel: stored(sum.metering.fuel),
            host_calls: i64::from(sum.metering.host_calls),
            wall_us: stored(sum.metering.wall_us),
        })
        .collect();
    USAGE.execute(conn.parts(), &rows).await?;
    Ok(())
}
