//! Entities named by what asks about several of them at once.

use crate::Database;
use crate::conn::Conn;
use crate::data::EntityRow;
use crate::error::DbResult;
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use stepwright_engine::TenantId;
use stepwright_engine::outcome::EntityRef;
use uuid::Uuid;

row_set! {
    /// An entity's name, and how much of it is wanted.
    pub(crate) struct NamedRow<'a> { tenant_id: Uuid, id: &'a str, schema_name: &'a str, most: i64 }
}

static WITH_OPEN: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NamedRow>(
        // Not `ended_at IS NULL`, which would let PostgreSQL walk the index of what is open.
        "SELECT x.tenant_id, x.schema_name, x.id FROM (
            SELECT r.tenant_id, r.schema_name, r.id,
                (SELECT f.execution_id FROM flow_entities f JOIN executions e ON e.id = f.execution_id
                 WHERE f.tenant_id = r.tenant_id AND f.entity_id = r.id AND f.schema_name = r.schema_name
                    AND (e.ended_at IS NULL) IS TRUE LIMIT 1) AS flow
            FROM {rows}) AS x
         WHERE x.flow IS NOT NULL",
    )
});

static ENTITIES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NamedRow>(
        "SELECT e.schema_name, e.id, e.version, e.attributes, e.created_at, e.updated_at
         FROM {rows} CROSS JOIN entities e
         WHERE e.tenant_id = r.tenant_id AND e.schema_name = r.schema_name AND e.id = r.id",
    )
});

/// Which of these an open flow is about.
pub(crate) async fn with_open_flows(
    conn: &mut Conn<'_>,
    rows: &[NamedRow<'_>],
) -> DbResult<Vec<(Uuid, String, String)>> {
    WITH_OPEN.fetch(conn.parts(), rows).await
}

/// Each of them once. No entity has a name with a NUL, and PostgreSQL cannot be asked for it.
pub(crate) fn named_rows(tenant: TenantId, of: &[EntityRef], most: u32) -> Vec<NamedRow<'_>> {
    let sane = |entity: &&EntityRef| !entity.id.contains('\0') && !entity.schema.contains('\0');
    let mut rows: Vec<NamedRow<'_>> = of
        .iter()
        .filter(sane)
        .map(|entity| NamedRow {
            tenant_id: tenant.uuid(),
            id: &entity.id,
            schema_name: &entity.schema,
            most: i64::from(most),
        })
        .collect();
    rows.sort_unstable_by_key(|row| (row.schema_name, row.id));
    rows.dedup_by_key(|row| (row.schema_name, row.id));
    rows
}

impl Database {
    pub(crate) async fn named_entities(&self, tenant: TenantId, of: &[EntityRef]) -> DbResult<Vec<EntityRow>> {
        let mut conn = self.read(tenant).await?;
        let found = ENTITIES.fetch(conn.parts(), &named_rows(tenant, of, 1)).await?;
        conn.done().await?;
        Ok(found)
    }
}
