//! What steps have staged: entities and rows, which may clash, and key-value memory, which may not.

use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::Conn;
use crate::data::scope_columns;
use crate::error::{DbResult, stored};
use crate::rows::{Statement, row_set};
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;
use stepwright_app::ports::CommitError;
use uuid::Uuid;

row_set! {
    struct StagedRow<'a> {
        tenant_id: Uuid,
        /// The schema or the dataset.
        collection: &'a str,
        id: &'a str,
        expected: i64,
        value: &'a str,
        at: i64,
    }
}

static CHANGE_ENTITY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<StagedRow>(
        "UPDATE entities SET version = r.expected + 1, attributes = r.value, updated_at = r.at FROM {rows}
         WHERE entities.tenant_id = r.tenant_id AND entities.schema_name = r.collection AND entities.id = r.id
            AND entities.version = r.expected
         RETURNING entities.tenant_id, entities.schema_name, entities.id",
    )
});

static NEW_ENTITY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<StagedRow>(
        "INSERT INTO entities (tenant_id, schema_name, id, version, attributes, created_at, updated_at)
         SELECT r.tenant_id, r.collection, r.id, 1, r.value, r.at, r.at FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, schema_name, id) DO NOTHING RETURNING tenant_id, schema_name, id",
    )
});

row_set! {
    struct DeletedRow<'a> {
        tenant_id: Uuid,
        schema_name: &'a str,
        id: &'a str,
        expected: i64,
    }
}

static DROP_ENTITY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<DeletedRow>(
        "DELETE FROM entities WHERE (tenant_id, schema_name, id, version) IN (
            SELECT r.tenant_id, r.schema_name, r.id, r.expected FROM {rows})
         RETURNING tenant_id, schema_name, id",
    )
});

static CHANGE_ROW: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<StagedRow>(
        "UPDATE data_rows SET version = r.expected + 1, value = r.value, updated_at = r.at FROM {rows}
         WHERE data_rows.tenant_id = r.tenant_id AND data_rows.dataset = r.collection AND data_rows.id = r.id
            AND data_rows.version = r.expected
         RETURNING data_rows.tenant_id, data_rows.dataset, data_rows.id",
    )
});

static NEW_ROW: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<StagedRow>(
        "INSERT INTO data_rows (tenant_id, dataset, id, version, value, updated_at)
         SELECT r.tenant_id, r.collection, r.id, 1, r.value, r.at FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, dataset, id) DO NOTHING RETURNING tenant_id, dataset, id",
    )
});

row_set! {
    struct KvRow<'a> {
        tenant_id: Uuid,
        plugin: &'a str,
        scope_kind: &'a str,
        scope_id: Uuid,
        name: &'a str,
        value: Option<&'a str>,
    }
}

static PUT_KV: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<KvRow>(
        "INSERT INTO kv (tenant_id, plugin, scope_kind, scope_id, name, value)
         SELECT r.tenant_id, r.plugin, r.scope_kind, r.scope_id, r.name, r.value FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, plugin, scope_kind, scope_id, name) DO UPDATE SET value = excluded.value",
    )
});

static DROP_KV: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<KvRow>(
        "DELETE FROM kv WHERE (tenant_id, plugin, scope_kind, scope_id, name) IN (
            SELECT r.tenant_id, r.plugin, r.scope_kind, r.scope_id, r.name FROM {rows})",
    )
});

/// A collection of staged values: who is called what in errors, and its two statements.
struct Collection {
    noun: &'static str,
    change: &'static LazyLock<Statement>,
    new: &'static LazyLock<Statement>,
}

static ENTITIES: Collection = Collection { noun: "entity", change: &CHANGE_ENTITY, new: &NEW_ENTITY };
static DATA: Collection = Collection { noun: "row", change: &CHANGE_ROW, new: &NEW_ROW };

impl Collection {
    /// Writes every staged value of the commits that still go; refuses those with one that has changed.
    async fn write(
        &self,
        pass: &mut Pass<'_>,
        conn: &mut Conn<'_>,
        staged: impl for<'p> Fn(&'p Prepared) -> Vec<StagedRow<'p>>,
    ) -> DbResult<()> {
        let mut rows: Vec<StagedRow<'_>> = pass.going().flat_map(&staged).collect();
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable_by_key(|row| (row.tenant_id, row.collection, row.id));
        let (new, change): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.expected == 0);
        let changed: Vec<(Uuid, String, String)> = self.change.fetch(conn.parts(), &change).await?;
        let inserted: Vec<(Uuid, String, String)> = self.new.fetch(conn.parts(), &new).await?;
        let written: HashSet<(Uuid, String, String)> = changed.into_iter().chain(inserted).collect();
        let missing =
            |row: &StagedRow<'_>| !written.contains(&(row.tenant_id, row.collection.to_owned(), row.id.to_owned()));
        pass.refuse(
            |prepared| {
                let rows = staged(prepared);
                let changed = rows.iter().find(|row| missing(row))?;
                Some(CommitError::EffectConflict(format!("{} {}/{}", self.noun, changed.collection, changed.id)))
            },
            // The execution, at least, stands in the transaction already.
            |_| true,
        );
        Ok(())
    }
}

fn entities(prepared: &Prepared) -> Vec<StagedRow<'_>> {
    let commit = &prepared.commit;
    let writes = commit.effects.entities.iter();
    writes
        .map(|write| StagedRow {
            tenant_id: commit.tenant_id.uuid(),
            collection: &write.schema,
            id: &write.id,
            expected: stored(write.expected),
            value: write.attributes.as_str(),
            at: commit.at.micros(),
        })
        .collect()
}

fn data(prepared: &Prepared) -> Vec<StagedRow<'_>> {
    let commit = &prepared.commit;
    let writes = commit.effects.data.iter().zip(&prepared.data);
    writes
        .map(|(write, value)| StagedRow {
            tenant_id: commit.tenant_id.uuid(),
            collection: write.dataset.as_str(),
            id: &write.id,
            expected: stored(write.expected),
            value,
            at: commit.at.micros(),
        })
        .collect()
}

/// Deletes entities; refuses commits with one that has changed.
async fn delete_entities(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    let mut rows: Vec<DeletedRow<'_>> = pass.going().flat_map(deleted).collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable_by_key(|row| (row.tenant_id, row.schema_name, row.id));
    let gone: Vec<(Uuid, String, String)> = DROP_ENTITY.fetch(conn.parts(), &rows).await?;
    let gone: HashSet<(Uuid, String, String)> = gone.into_iter().collect();
    pass.refuse(
        |prepared| {
            let left =
                |row: &DeletedRow<'_>| !gone.contains(&(row.tenant_id, row.schema_name.to_owned(), row.id.to_owned()));
            let row = deleted(prepared).into_iter().find(left)?;
            Some(CommitError::EffectConflict(format!("entity {}/{}", row.schema_name, row.id)))
        },
        |_| true,
    );
    Ok(())
}

fn deleted(prepared: &Prepared) -> Vec<DeletedRow<'_>> {
    let commit = &prepared.commit;
    let deletes = commit.effects.deleted.iter();
    deletes
        .map(|delete| DeletedRow {
            tenant_id: commit.tenant_id.uuid(),
            schema_name: &delete.schema,
            id: &delete.id,
            expected: stored(delete.expected),
        })
        .collect()
}

/// Entities and rows: refuses commits that were made from something that has changed.
pub(super) async fn write_guarded(pass: &mut Pass<'_>, conn: &mut Conn<'_>) -> DbResult<()> {
    delete_entities(pass, conn).await?;
    ENTITIES.write(pass, conn, entities).await?;
    DATA.write(pass, conn, data).await
}

/// Key-value memory; of several writes to one key the last stands.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let mut last: BTreeMap<(Uuid, &str, &str, Uuid, &str), Option<&str>> = BTreeMap::new();
    for commit in going.iter().map(|p| &p.commit) {
        for write in &commit.effects.kv {
            let (kind, scope) = scope_columns(write.scope);
            let place = (commit.tenant_id.uuid(), write.plugin.as_str(), kind, scope, write.key.as_str());
            last.insert(place, write.value.as_ref().map(|value| value.as_str()));
        }
    }
    let rows = last.into_iter().map(|((tenant_id, plugin, scope_kind, scope_id, name), value)| KvRow {
        tenant_id,
        plugin,
        scope_kind,
        scope_id,
        name,
        value,
    });
    let (put, dropped): (Vec<_>, Vec<_>) = rows.partition(|row| row.value.is_some());
    PUT_KV.execute(conn.parts(), &put).await?;
    DROP_KV.execute(conn.parts(), &dropped).await?;
    Ok(())
}
