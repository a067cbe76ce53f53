//! What has been done to entities.

use crate::Database;
use crate::conn::on;
use crate::error::{read_json, stored};
use async_trait::async_trait;
use stepwright_app::ports::{AuditStore, StoreResult};
use stepwright_app::{EntityAudit, Listed};
use stepwright_engine::TenantId;
use uuid::Uuid;

fn read((id, doc): (Uuid, String)) -> StoreResult<EntityAudit> {
    read_json("entity_audit", "doc", &id, &doc)
}

#[async_trait]
impl AuditStore for Database {
    async fn entity_audit(&self, tenant: TenantId, id: Uuid) -> StoreResult<Option<EntityAudit>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM entity_audit WHERE id = $1 AND tenant_id = $2")
            .bind(id)
            .bind(tenant.uuid())
            .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn entity_audits(
        &self,
        tenant: TenantId,
        schema: &str,
        entity: &str,
        after: u64,
        limit: u32,
    ) -> StoreResult<Listed<EntityAudit>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM entity_audit
             WHERE tenant_id = $1 AND schema_name = $2 AND entity_id = $3 AND version > $4 ORDER BY version LIMIT $5"
        )
        .bind(tenant.uuid())
        .bind(schema)
        .bind(entity)
        .bind(stored(after))
        .bind(i64::from(limit) + 1)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, limit))
    }
}
