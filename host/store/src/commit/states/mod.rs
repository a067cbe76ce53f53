//! Executions, their history and the bill: what every commit writes.

mod apart;
pub(super) mod at_once;

use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::{Conn, Parts};
use crate::error::{DbResult, stored};
use crate::rows::row_set;
use std::borrow::Cow;
use std::collections::HashSet;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::CommitError;
use stepwright_app::{Commit, ExecutionWrite, Wake};
use stepwright_engine::Timestamp;
use stepwright_engine::outcome::EntityRef;
use uuid::Uuid;

row_set! {
    /// The next state of an execution, as a row of `executions`.
    struct StateRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        /// The version it must have; 0 inserts it.
        expected: i64,
        version: i64,
        /// The node that must hold the lease.
        held_by: Option<Uuid>,
        definition_id: Uuid,
        definition_version: i64,
        dialect: &'a str,
        kind: &'a str,
        title: &'a str,
        status: &'a str,
        doc: &'a str,
        created_at: i64,
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

/// Moves executions on that stand where the row `r` says.
macro_rules! update {
    ($from:literal) => {
        concat!(
            "UPDATE executions SET
                version = r.version, title = r.title, status = r.status, doc = r.doc, updated_at = r.at,
                ended_at = r.ended_at, entity_schema = r.entity_schema, entity_id = r.entity_id,
                started_at = r.started_at,
                wake_at = CASE WHEN r.keep = 1 THEN executions.wake_at ELSE r.wake_at END,
                lease_holder = CASE WHEN r.keep = 1 THEN executions.lease_holder ELSE r.lease_holder END
             FROM ",
            $from,
            " WHERE r.expected > 0 AND executions.id = CASE WHEN TRUE THEN r.id END
                AND (executions.version = r.expected AND executions.tenant_id = r.tenant_id) IS TRUE
                AND (r.held_by IS NULL OR executions.lease_holder = r.held_by)
             RETURNING executions.id"
        )
    };
}
use update;

/// Inserts executions that are not there. A tenant deleted meanwhile must not get rows again.
macro_rules! insert {
    ($from:literal) => {
        concat!(
            "INSERT INTO executions (id, tenant_id, definition_id, definition_version, dialect, kind, title, status,
                version, doc, created_at, updated_at, ended_at, entity_schema, entity_id, started_at, wake_at,
                lease_holder)
             SELECT r.id, r.tenant_id, r.definition_id, r.definition_version, r.dialect, r.kind, r.title, r.status,
                r.version, r.doc, r.created_at, r.at, r.ended_at, r.entity_schema, r.entity_id, r.started_at,
                r.wake_at, r.lease_holder
             FROM ",
            $from,
            " WHERE r.expected = 0 AND EXISTS (SELECT 1 FROM tenants t WHERE t.id = r.tenant_id)
             ON CONFLICT (id) DO NOTHING RETURNING id"
        )
    };
}
use insert;

row_set! {
    /// A line of history.
    struct HistoryRow<'a> { execution_id: Uuid, seq: i64, tenant_id: Uuid, doc: &'a str }
}

/// What a day's row of the bill is added up with.
macro_rules! add_to_bill {
    () => {
        " ON CONFLICT (tenant_id, day, shard) DO UPDATE SET
            executions = usage_days.executions + excluded.executions, steps = usage_days.steps + excluded.steps,
            fuel = usage_days.fuel + excluded.fuel, host_calls = usage_days.host_calls + excluded.host_calls,
            wall_us = usage_days.wall_us + excluded.wall_us"
    };
}
use add_to_bill;

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

fn state_row<'a>(commit: &Commit, write: &'a ExecutionWrite, title: &'a str) -> StateRow<'a> {
    let (wake_at, lease_holder) = wake(write);
    StateRow {
        id: write.next.id.uuid(),
        tenant_id: commit.tenant_id.uuid(),
        expected: stored(write.expected),
        version: stored(write.next.version),
        held_by: write.held_by.map(|node| node.uuid()),
        definition_id: write.next.definition_id.uuid(),
        definition_version: i64::from(write.next.definition_version),
        dialect: write.next.dialect.as_str(),
        kind: write.next.kind.as_str(),
        title,
        status: CoreStatus::of(&write.next).as_str(),
        doc: &write.document,
        created_at: write.next.created_at.micros(),
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

/// The executions of commits, with their titles as they are stored.
type Writes<'p> = Vec<(&'p Commit, &'p ExecutionWrite, Cow<'p, str>)>;

fn writes<'p>(going: impl Iterator<Item = &'p Prepared>) -> Writes<'p> {
    going.flat_map(|p| p.commit.executions.iter().map(|write| (&p.commit, write, title(write)))).collect()
}

/// In the order of ids, in which every transaction locks them.
fn state_rows<'a>(writes: &'a Writes<'_>) -> Vec<StateRow<'a>> {
    let mut rows: Vec<StateRow<'a>> =
        writes.iter().map(|(commit, write, title)| state_row(commit, write, title)).collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

fn history_rows<'a>(going: impl Iterator<Item = &'a Prepared>) -> Vec<HistoryRow<'a>> {
    going
        .flat_map(|p| {
            let tenant_id = p.commit.tenant_id.uuid();
            p.history.iter().map(move |line| HistoryRow {
                execution_id: line.execution,
                seq: line.seq,
                tenant_id,
                doc: &line.doc,
            })
        })
        .collect()
}

/// Refuses commits with an execution that is not among those written: it has moved on, is there already, or is gone.
fn refuse_unwritten(pass: &mut Pass<'_>, written: impl IntoIterator<Item = (Uuid,)>) {
    let written: HashSet<Uuid> = written.into_iter().map(|(id,)| id).collect();
    pass.refuse(
        |prepared| {
            let mut executions = prepared.commit.executions.iter().map(|write| write.next.id);
            executions.find(|id| !written.contains(&id.uuid())).map(CommitError::Stale)
        },
        Prepared::has_parts,
    );
}

/// Writes the next states; refuses commits whose executions have moved on. On PostgreSQL, where every statement is a
/// round trip, their history and their bill go along.
pub(super) async fn write(pass: &mut Pass<'_>, conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
    match conn.parts() {
        Parts::Sqlite(_) => apart::write(pass, conn).await,
        Parts::Postgres(connection) => at_once::write(pass, connection, shard).await,
    }
}

/// Writes what [`write`] has left: history and bill of commits that go through.
pub(super) async fn write_rest(going: &[&Prepared], conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
    match conn.parts() {
        Parts::Sqlite(_) => apart::write_rest(going, conn, shard).await,
        Parts::Postgres(_) => Ok(()),
    }
}
