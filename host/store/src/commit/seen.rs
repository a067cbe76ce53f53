//! What commits were decided on without writing it: entities that must stand as they were seen, and that nobody's flows
//! are about whom the commit does not tell.
//!
//! A flow that begins holds the rows of its entities until it is there for all to see, and whoever writes an entity holds
//! its row when it looks for flows. Of the two, the later one notices.

use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::{Conn, Parts};
use crate::error::{DbResult, stored};
use crate::named::{NamedRow, with_open_flows};
use crate::rows::{Statement, row_set};
use std::collections::HashSet;
use std::sync::LazyLock;
use stepwright_app::ports::CommitError;
use uuid::Uuid;

row_set! {
    struct SeenRow<'a> { tenant_id: Uuid, schema_name: &'a str, id: &'a str, expected: i64 }
}

/// SQLite has one writer at a time, and nothing to lock.
static SEEN: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<SeenRow>(
        "SELECT e.tenant_id, e.schema_name, e.id, e.version FROM {rows} CROSS JOIN entities e
         WHERE e.tenant_id = r.tenant_id AND e.schema_name = r.schema_name AND e.id = r.id AND e.version = r.expected",
    )
});

/// Whoever writes one of them waits until this transaction is over; whoever has written one is waited for.
static SEEN_AND_HELD: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<SeenRow>(
        "SELECT e.tenant_id, e.schema_name, e.id, e.version FROM {rows} CROSS JOIN entities e
         WHERE e.tenant_id = r.tenant_id AND e.schema_name = r.schema_name AND e.id = r.id AND e.version = r.expected
         ORDER BY e.tenant_id, e.schema_name, e.id FOR SHARE OF e",
    )
});

/// Refuses commits that were decided on an entity that has changed since.
pub(super) async fn see_entities(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let mut rows: Vec<SeenRow<'_>> = pass.going().flat_map(seen).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable_by_key(|row| (row.tenant_id, row.schema_name, row.id, row.expected));
    rows.dedup_by_key(|row| (row.tenant_id, row.schema_name, row.id, row.expected));
    let see = if matches!(conn.parts(), Parts::Sqlite(_)) { &SEEN } else { &SEEN_AND_HELD };
    let found: Vec<(Uuid, String, String, i64)> = see.fetch(conn.parts(), &rows).await?;
    let found: HashSet<(Uuid, String, String, i64)> = found.into_iter().collect();
    pass.refuse(
        |prepared| {
            let changed = |row: &SeenRow<'_>| {
                !found.contains(&(row.tenant_id, row.schema_name.to_owned(), row.id.to_owned(), row.expected))
            };
            let row = seen(prepared).into_iter().find(changed)?;
            Some(CommitError::EffectConflict(format!("entity {}/{}", row.schema_name, row.id)))
        },
        |_| true,
    );
    Ok(())
}

fn seen(prepared: &Prepared) -> Vec<SeenRow<'_>> {
    let commit = &prepared.commit;
    let rows = commit.effects.seen.iter().map(|seen| SeenRow {
        tenant_id: commit.tenant_id.uuid(),
        schema_name: &seen.entity.schema,
        id: &seen.entity.id,
        expected: stored(seen.version),
    });
    rows.collect()
}

/// Refuses commits that write entities and tell no flow of it, when one has begun to be about them. Their rows are held
/// by now, so that none begins any more.
pub(super) async fn look_for_flows(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let mut rows: Vec<NamedRow<'_>> = pass.going().flat_map(untold).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable_by_key(|row| (row.tenant_id, row.schema_name, row.id));
    let found: HashSet<(Uuid, String, String)> = with_open_flows(conn, &rows).await?.into_iter().collect();
    if found.is_empty() {
        return Ok(());
    }
    pass.refuse(
        |prepared| {
            let of_flows =
                |row: &NamedRow<'_>| found.contains(&(row.tenant_id, row.schema_name.to_owned(), row.id.to_owned()));
            let row = untold(prepared).into_iter().find(of_flows)?;
            Some(CommitError::EffectConflict(format!("what is about entity {}/{}", row.schema_name, row.id)))
        },
        |_| true,
    );
    Ok(())
}

fn untold(prepared: &Prepared) -> Vec<NamedRow<'_>> {
    let commit = &prepared.commit;
    let rows = commit.effects.untold.iter().map(|entity| NamedRow {
        tenant_id: commit.tenant_id.uuid(),
        id: &entity.id,
        schema_name: &entity.schema,
        most: 1,
    });
    rows.collect()
}
