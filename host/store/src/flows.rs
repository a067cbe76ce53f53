//! Flows by the entities they are about.

use crate::Database;
use crate::conn::{affected, on};
use crate::executions::ExecutionRow;
use async_trait::async_trait;
use stepwright_app::ports::{FlowStore, StoreResult};
use stepwright_engine::{Execution, ExecutionId, TenantId};
use uuid::Uuid;

#[async_trait]
impl FlowStore for Database {
    async fn open_flows_of(
        &self,
        tenant: TenantId,
        schema: &str,
        entity: &str,
        after: Option<ExecutionId>,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionId>> {
        let mut conn = self.read(tenant).await?;
        let ids = on!(conn, |c| sqlx::query_scalar::<_, Uuid>(
            // Not `ended_at IS NULL`, which would let PostgreSQL walk the index of what is open.
            "SELECT f.execution_id FROM flow_entities f JOIN executions e ON e.id = f.execution_id
             WHERE f.tenant_id = $1 AND f.entity_id = $2 AND f.schema_name = $3 AND f.execution_id > $4
                AND (e.ended_at IS NULL) IS TRUE
             ORDER BY f.execution_id LIMIT $5"
        )
        .bind(tenant.uuid())
        .bind(entity)
        .bind(schema)
        .bind(after.map_or(Uuid::nil(), ExecutionId::uuid))
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        Ok(ids.into_iter().map(ExecutionId::from_uuid).collect())
    }

    async fn flows_of(
        &self,
        tenant: TenantId,
        schema: Option<&str>,
        entity: &str,
        limit: u32,
    ) -> StoreResult<Vec<Execution>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
            // The names first, whatever the planner thinks of it: they are few.
            "WITH named AS MATERIALIZED (
                SELECT DISTINCT execution_id FROM flow_entities
                WHERE tenant_id = $1 AND entity_id = $2 AND ($3 IS NULL OR schema_name = $3))
             SELECT e.id, e.doc, e.version FROM named CROSS JOIN executions e
             WHERE e.id = named.execution_id AND (e.tenant_id = $1) IS TRUE
             ORDER BY e.created_at DESC, e.id DESC LIMIT $4"
        )
        .bind(tenant.uuid())
        .bind(entity)
        .bind(schema)
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(Execution::try_from).collect()
    }

    async fn delete_execution(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let gone =
            affected!(conn, |c| sqlx::query("DELETE FROM executions WHERE id = $1 AND (tenant_id = $2) IS TRUE")
                .bind(id.uuid())
                .bind(tenant.uuid())
                .execute(c))?;
        if gone > 0 {
            for text in [
                "DELETE FROM history WHERE execution_id = $1 AND tenant_id = $2",
                "DELETE FROM flow_entities WHERE execution_id = $1 AND tenant_id = $2",
            ] {
                affected!(conn, |c| sqlx::query(text).bind(id.uuid()).bind(tenant.uuid()).execute(c))?;
            }
        }
        conn.done().await?;
        Ok(gone > 0)
    }
}
