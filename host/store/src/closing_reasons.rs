//! The catalogue of closing reasons.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::{QueryResult as _, read_json, write_json};
use async_trait::async_trait;
use stepwright_app::ClosingReason;
use stepwright_app::ports::{ClosingReasonStore, StoreResult};
use stepwright_engine::TenantId;

fn read((id, doc): (String, String)) -> StoreResult<ClosingReason> {
    read_json("closing_reasons", "doc", &id, &doc)
}

#[async_trait]
impl ClosingReasonStore for Database {
    async fn insert_closing_reason(&self, reason: &ClosingReason) -> StoreResult<()> {
        let doc = write_json(reason)?;
        let mut conn = self.write(reason.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO closing_reasons (id, tenant_id, version, doc, created_at) VALUES ($1, $2, $3, $4, $5)"
        )
        .bind(&reason.id)
        .bind(reason.tenant_id.uuid())
        .bind(i64::from(reason.version))
        .bind(&doc)
        .bind(reason.created_at.micros())
        .execute(c))
        .or_duplicate("closing reason")?;
        Ok(conn.done().await?)
    }

    async fn save_closing_reason(&self, reason: &ClosingReason) -> StoreResult<bool> {
        let doc = write_json(reason)?;
        let mut conn = self.write(reason.tenant_id).await?;
        let saved = affected!(conn, |c| {
            sqlx::query(
            "UPDATE closing_reasons SET version = $3, doc = $4 WHERE id = $1 AND tenant_id = $2 AND version = $3 - 1"
        )
        .bind(&reason.id)
        .bind(reason.tenant_id.uuid())
        .bind(i64::from(reason.version))
        .bind(&doc)
        .execute(c)
        })?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn closing_reason(&self, tenant: TenantId, id: &str) -> StoreResult<Option<ClosingReason>> {
        let mut conn = self.read(tenant).await?;
        let row =
            on!(conn, |c| sqlx::query_as("SELECT id, doc FROM closing_reasons WHERE tenant_id = $1 AND id = $2")
                .bind(tenant.uuid())
                .bind(id)
                .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn closing_reasons(&self, tenant: TenantId) -> StoreResult<Vec<ClosingReason>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM closing_reasons WHERE tenant_id = $1 ORDER BY created_at DESC, id"
        )
        .bind(tenant.uuid())
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(read).collect()
    }

    async fn delete_closing_reason(&self, tenant: TenantId, id: &str) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query("DELETE FROM closing_reasons WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(id)
            .execute(c))?;
        conn.done().await?;
        Ok(deleted > 0)
    }
}
