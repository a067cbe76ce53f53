//! Automations.

use crate::Database;
use crate::conn::on;
use crate::documents::{Columns, Document, Texts, read, texts};
use async_trait::async_trait;
use stepwright_app::ports::{AutomationStore, StoreResult};
use stepwright_app::{Automation, Listed, Paging};
use stepwright_engine::{TenantId, Timestamp};

const HOUR_MICROS: i64 = 3_600_000_000;

impl Document for Automation {
    const TEXTS: Texts = texts!("automations");
    const NOUN: &'static str = "automation";

    fn columns(&self) -> Columns<'_> {
        let Self { id, tenant_id, flow_id, version, created_at, .. } = self;
        Columns { id: id.uuid(), tenant: *tenant_id, name: flow_id, version: *version, created_at: *created_at }
    }
}

#[async_trait]
impl AutomationStore for Database {
    async fn insert_automation(&self, automation: &Automation) -> StoreResult<()> {
        Ok(self.insert_document(automation).await?)
    }

    async fn save_automation(&self, automation: &Automation) -> StoreResult<bool> {
        Ok(self.save_document(automation).await?)
    }

    async fn automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<Option<Automation>> {
        Ok(self.document(tenant, flow_id).await?)
    }

    async fn automations(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Automation>> {
        Ok(self.documents(tenant, page).await?)
    }

    async fn delete_automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<bool> {
        Ok(self.delete_document::<Automation>(tenant, flow_id).await?)
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
            if read::<Automation>(row)?.actions.iter().any(|action| names(&action.step)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
