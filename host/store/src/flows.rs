//! Flows: by the entities they are about, in lists, and their end.

use crate::Database;
use crate::conn::{Scope, affected, on};
use crate::error::read_int;
use crate::executions::ExecutionRow;
use crate::named::{NamedRow, named_rows, with_open_flows};
use crate::rows::{Statement, row_set};
use async_trait::async_trait;
use sqlx::FromRow;
use std::sync::LazyLock;
use stepwright_app::ports::{FlowStore, StoreResult};
use stepwright_app::{FlowPlace, FlowSearch, StartKey, TaskSearch};
use stepwright_engine::outcome::EntityRef;
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

static OF_EACH: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NamedRow>(
        // Which ones, before any document is read. No index of schemas seems better than that of ids.
        "WITH placed AS MATERIALIZED (
            SELECT f.schema_name, f.entity_id, f.execution_id, r.tenant_id, r.most, ROW_NUMBER() OVER (
                PARTITION BY f.schema_name, f.entity_id
                ORDER BY CASE l.status WHEN 'STARTED' THEN 0 ELSE 1 END, l.started DESC, l.execution_id) AS place
            FROM {rows} CROSS JOIN flow_entities f CROSS JOIN flow_list l
            WHERE f.tenant_id = r.tenant_id AND f.entity_id = r.id AND (f.schema_name = r.schema_name) IS TRUE
                AND l.execution_id = f.execution_id)
         SELECT p.schema_name, p.entity_id, e.id, e.doc, e.version FROM placed p CROSS JOIN executions e
         WHERE p.place <= p.most AND e.id = p.execution_id AND (e.tenant_id = p.tenant_id) IS TRUE
         ORDER BY p.schema_name, p.entity_id, p.place",
    )
});

#[derive(FromRow)]
struct OfEntityRow {
    schema_name: String,
    entity_id: String,
    #[sqlx(flatten)]
    execution: ExecutionRow,
}

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

    async fn entities_with_open_flows(&self, tenant: TenantId, of: &[EntityRef]) -> StoreResult<Vec<EntityRef>> {
        let mut conn = self.read(tenant).await?;
        let found = with_open_flows(&mut conn, &named_rows(tenant, of, 1)).await?;
        conn.done().await?;
        Ok(found.into_iter().map(|(_, schema, id)| EntityRef { schema, id }).collect())
    }

    async fn flows_of_each(
        &self,
        tenant: TenantId,
        of: &[EntityRef],
        most: u32,
    ) -> StoreResult<Vec<(EntityRef, Execution)>> {
        let mut conn = self.read(tenant).await?;
        let found: Vec<OfEntityRow> = OF_EACH.fetch(conn.parts(), &named_rows(tenant, of, most)).await?;
        conn.done().await?;
        let named = |row: OfEntityRow| {
            Ok((EntityRef { schema: row.schema_name, id: row.entity_id }, Execution::try_from(row.execution)?))
        };
        found.into_iter().map(named).collect()
    }

    async fn flows_to_list(&self, limit: u32) -> StoreResult<Vec<(TenantId, ExecutionId)>> {
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| {
            sqlx::query_as::<_, (Uuid, Uuid)>(
            "SELECT tenant_id, execution_id FROM flows_to_list WHERE execution_id > $1 ORDER BY execution_id LIMIT $2"
        )
        .bind(Uuid::nil())
        .bind(i64::from(limit))
        .fetch_all(c)
        })?;
        conn.done().await?;
        Ok(rows.into_iter().map(|(tenant, id)| (TenantId::from_uuid(tenant), ExecutionId::from_uuid(id))).collect())
    }

    async fn flow_is_listed(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<()> {
        let mut conn = self.write(tenant).await?;
        affected!(conn, |c| sqlx::query("DELETE FROM flows_to_list WHERE execution_id = $1 AND tenant_id = $2")
            .bind(id.uuid())
            .bind(tenant.uuid())
            .execute(c))?;
        conn.done().await?;
        Ok(())
    }
}
