//! Automations.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::{QueryResult as _, read_json, write_json};
use crate::paging::Page;
use async_trait::async_trait;
use stepwright_app::ports::{AutomationStore, StoreResult};
use stepwright_app::{Automation, Listed, Paging};
use stepwright_engine::{TenantId, Timestamp};
use uuid::Uuid;

const HOUR_MICROS: i64 = 3_600_000_000;

fn read((id, doc): (Uuid, String)) -> StoreResult<Automation> {
    read_json("automations", "doc", &id, &doc)
}

#[async_trait]
impl AutomationStore for Database {
    async fn insert_automation(&self, automation: &Automation) -> StoreResult<()> {
        let doc = write_json(automation)?;
        let mut conn = self.write(automation.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO automations (id, tenant_id, name, version, doc, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(automation.id.uuid())
        .bind(automation.tenant_id.uuid())
        .bind(&automation.flow_id)
        .bind(i64::from(automation.version))
        .bind(&doc)
        .bind(automation.created_at.micros())
        .execute(c))
        .or_duplicate("automation")?;
        Ok(conn.done().await?)
    }

    async fn save_automation(&self, automation: &Automation) -> StoreResult<bool> {
        let doc = write_json(automation)?;
        let mut conn = self.write(automation.tenant_id).await?;
        let saved = affected!(conn, |c| sqlx::query(
            "UPDATE automations SET version = $3, doc = $4 WHERE id = $1 AND tenant_id = $2 AND version = $3 - 1"
        )
        .bind(automation.id.uuid())
        .bind(automation.tenant_id.uuid())
        .bind(i64::from(automation.version))
        .bind(&doc)
        .execute(c))?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<Option<Automation>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM automations WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.uuid())
            .bind(flow_id)
            .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn automations(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Automation>> {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM automations WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
             ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn delete_automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query("DELETE FROM automations WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.uuid())
            .bind(flow_id)
            .execute(c))?;
        conn.done().await?;
        Ok(deleted > 0)
    }

    async fn count_automation_run(&self, tenant: TenantId, flow_id: &str, at: Timestamp) -> StoreResult<u64> {
        let mut conn = self.write(tenant).await?;
        let runs = on!(conn, |c| sqlx::query_scalar::<_, i64>(
            "UPDATE automations SET
                runs = CASE WHEN hour_begins > $3 THEN runs + 1 ELSE 1 END,
                hour_begins = CASE WHEN hour_begins > $3 THEN hour_begins ELSE $4 END
             WHERE tenant_id = $1 AND name = $2 RETURNING runs"
        )
        .bind(tenant.uuid())
        .bind(flow_id)
        .bind(at.micros() - HOUR_MICROS)
        .bind(at.micros())
        .fetch_optional(c))?;
        conn.done().await?;
        Ok(runs.map_or(0, |runs| u64::try_from(runs).unwrap_or_default()))
    }

    async fn automation_names_plugin(&self, tenant: TenantId, plugin: &str, version: &str) -> StoreResult<bool> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM automations WHERE tenant_id = $1")
            .bind(tenant.uuid())
            .fetch_all(c))?;
        conn.done().await?;
        for row in rows {
            let names = |asked: &stepwright_engine::StepRef| {
                asked.plugin == plugin && asked.version.as_deref().is_none_or(|asked| asked == version)
            };
            if read(row)?.actions.iter().any(|action| names(&action.step)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
