//! Flows: by the entities they are about, in lists, and their end.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::read_int;
use crate::executions::ExecutionRow;
use crate::rows::{Statement, row_set};
use async_trait::async_trait;
use std::sync::LazyLock;
use stepwright_app::ports::{FlowStore, StoreResult};
use stepwright_app::{FlowPlace, FlowSearch, StartKey, TaskSearch};
use stepwright_engine::{Execution, ExecutionId, NodeId, TenantId};
use uuid::Uuid;

row_set! {
    struct WantedRow { id: Uuid, tenant_id: Uuid }
}

static WANTED: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<WantedRow>(
        "SELECT e.id, e.doc, e.version FROM {rows} JOIN executions e ON e.id = r.id AND e.tenant_id = r.tenant_id",
    )
});

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
            "SELECT f.execution_id FROM flow_entities f JOIN executions e ON e.id = f.execution_id
             WHERE f.tenant_id = $1 AND f.entity_id = $2 AND f.schema_name = $3 AND f.execution_id > $4
                AND e.ended_at IS NULL
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
            "SELECT id, doc, version FROM executions WHERE tenant_id = $1 AND id IN (
                SELECT execution_id FROM flow_entities
                WHERE tenant_id = $1 AND entity_id = $2 AND ($3 IS NULL OR schema_name = $3))
             ORDER BY created_at DESC, id DESC LIMIT $4"
        )
        .bind(tenant.uuid())
        .bind(entity)
        .bind(schema)
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(Execution::try_from).collect()
    }

    async fn newest_flows(&self, tenant: TenantId, schema: Option<&str>, limit: u32) -> StoreResult<Vec<Execution>> {
        self.flows_from_newest(tenant, schema, limit).await?.into_iter().map(Execution::try_from).collect()
    }

    async fn search_flows(
        &self,
        tenant: TenantId,
        search: &FlowSearch,
        after: Option<&FlowPlace>,
        limit: u32,
    ) -> StoreResult<Vec<(FlowPlace, Execution)>> {
        let rows = self.found_flows(tenant, search, after, limit).await?;
        rows.into_iter().map(|(place, row)| Ok((place, row.try_into()?))).collect()
    }

    async fn flow_place(&self, tenant: TenantId, started: StartKey) -> StoreResult<Option<FlowPlace>> {
        Ok(self.place_of_flow(tenant, started).await?)
    }

    async fn search_flow_tasks(
        &self,
        tenant: TenantId,
        search: &TaskSearch,
        most: u32,
    ) -> StoreResult<(u32, Vec<(ExecutionId, NodeId)>)> {
        let (hits, rows) = self.found_tasks(tenant, search, most).await?;
        let hits = read_int("flow_tasks", "count", &tenant, hits)?;
        let found = rows.into_iter().map(|row| (ExecutionId::from_uuid(row.execution_id), NodeId::new(row.task_id)));
        Ok((hits, found.collect()))
    }

    async fn executions_by_id(&self, tenant: TenantId, ids: &[ExecutionId]) -> StoreResult<Vec<Execution>> {
        let rows: Vec<WantedRow> = ids.iter().map(|id| WantedRow { id: id.uuid(), tenant_id: tenant.uuid() }).collect();
        let mut conn = self.read(tenant).await?;
        let found: Vec<ExecutionRow> = WANTED.fetch(conn.parts(), &rows).await?;
        conn.done().await?;
        found.into_iter().map(Execution::try_from).collect()
    }

    async fn delete_execution(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let gone = affected!(conn, |c| sqlx::query("DELETE FROM executions WHERE id = $1 AND tenant_id = $2")
            .bind(id.uuid())
            .bind(tenant.uuid())
            .execute(c))?;
        if gone > 0 {
            for text in [
                "DELETE FROM history WHERE execution_id = $1 AND tenant_id = $2",
                "DELETE FROM flow_entities WHERE execution_id = $1 AND tenant_id = $2",
                "DELETE FROM flow_list WHERE execution_id = $1 AND tenant_id = $2",
                "DELETE FROM flow_tasks WHERE execution_id = $1 AND tenant_id = $2",
                "DELETE FROM flow_users WHERE execution_id = $1 AND tenant_id = $2",
            ] {
                affected!(conn, |c| sqlx::query(text).bind(id.uuid()).bind(tenant.uuid()).execute(c))?;
            }
        }
        conn.done().await?;
        Ok(gone > 0)
    }
}
