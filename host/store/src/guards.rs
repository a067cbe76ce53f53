//! Guards bound to records of a type.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::broken;
use crate::tenants::count_change;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::GuardBinding;
use stepwright_app::ports::{GuardStore, StoreError, StoreResult};
use stepwright_engine::record::WorkflowType;
use stepwright_engine::{RawJson, TenantId, Timestamp};
use uuid::Uuid;

#[derive(FromRow)]
struct GuardRow {
    tenant_id: Uuid,
    workflow_type: String,
    plugin: String,
    guard: String,
    config: String,
    fail_open: i64,
    updated_at: i64,
}

impl TryFrom<GuardRow> for GuardBinding {
    type Error = StoreError;

    fn try_from(row: GuardRow) -> StoreResult<Self> {
        let workflow_type = WorkflowType::parse(&row.workflow_type)
            .ok_or_else(|| broken("guards", "workflow_type", &row.tenant_id, &row.workflow_type))?;
        let config = RawJson::parse_text(row.config).map_err(|e| broken("guards", "config", &row.tenant_id, &e))?;
        Ok(Self {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            workflow_type,
            plugin: row.plugin,
            guard: row.guard,
            config,
            fail_open: row.fail_open != 0,
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

#[async_trait]
impl GuardStore for Database {
    async fn guards(&self, tenant: TenantId) -> StoreResult<Vec<GuardBinding>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, GuardRow>(
            "SELECT tenant_id, workflow_type, plugin, guard, config, fail_open, updated_at FROM guards
             WHERE tenant_id = $1 ORDER BY workflow_type"
        )
        .bind(tenant.uuid())
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(GuardBinding::try_from).collect()
    }

    async fn put_guard(&self, binding: &GuardBinding) -> StoreResult<bool> {
        let mut conn = self.write(binding.tenant_id).await?;
        let gone = affected!(conn, |c| sqlx::query("DELETE FROM guards WHERE tenant_id = $1 AND workflow_type = $2")
            .bind(binding.tenant_id.uuid())
            .bind(binding.workflow_type.as_str())
            .execute(c))?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO guards (tenant_id, workflow_type, plugin, guard, config, fail_open, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant_id, workflow_type) DO UPDATE SET plugin = excluded.plugin, guard = excluded.guard,
                config = excluded.config, fail_open = excluded.fail_open, updated_at = excluded.updated_at"
        )
        .bind(binding.tenant_id.uuid())
        .bind(binding.workflow_type.as_str())
        .bind(&binding.plugin)
        .bind(&binding.guard)
        .bind(binding.config.as_str())
        .bind(i64::from(binding.fail_open))
        .bind(binding.updated_at.micros())
        .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(gone == 0)
    }

    async fn delete_guard(&self, tenant: TenantId, workflow_type: WorkflowType) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let gone = affected!(conn, |c| sqlx::query("DELETE FROM guards WHERE tenant_id = $1 AND workflow_type = $2")
            .bind(tenant.uuid())
            .bind(workflow_type.as_str())
            .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(gone > 0)
    }
}
