//! Questions to people.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::{DbResult, read_json, write_json};
use crate::paging::Page;
use stepwright_app::ports::StoreResult;
use stepwright_app::{Confirmation, ConfirmationState, Listed, Paging};
use stepwright_engine::{ConfirmationId, TenantId, Timestamp};
use uuid::Uuid;

fn read((id, doc): (Uuid, String)) -> StoreResult<Confirmation> {
    read_json("agent_confirmations", "doc", &id, &doc)
}

impl Database {
    pub(super) async fn one_confirmation(
        &self,
        tenant: TenantId,
        id: ConfirmationId,
    ) -> DbResult<Option<Confirmation>> {
        let mut conn = self.read(tenant).await?;
        let row =
            on!(conn, |c| sqlx::query_as("SELECT id, doc FROM agent_confirmations WHERE tenant_id = $1 AND id = $2")
                .bind(tenant.uuid())
                .bind(id.uuid())
                .fetch_optional(c))?;
        conn.done().await?;
        Ok(row.map(read).transpose()?)
    }

    pub(super) async fn listed_confirmations(
        &self,
        tenant: TenantId,
        run: Option<&str>,
        pending: bool,
        page: Paging,
    ) -> DbResult<Listed<Confirmation>> {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM agent_confirmations
             WHERE tenant_id = $1 AND (created_at, id) < ($2, $3) AND ($6 IS NULL OR run_id = $6) AND pending >= $7
             ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .bind(run)
        .bind(i64::from(pending))
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    pub(super) async fn decide_confirmation(
        &self,
        tenant: TenantId,
        id: ConfirmationId,
        state: &ConfirmationState,
        wake_at: Timestamp,
    ) -> DbResult<bool> {
        let mut conn = self.write(tenant).await?;
        // Takes the row, so that of two who decide one comes second.
        let taken = affected!(conn, |c| sqlx::query(
            "UPDATE agent_confirmations SET pending = 0 WHERE tenant_id = $1 AND id = $2 AND pending = 1"
        )
        .bind(tenant.uuid())
        .bind(id.uuid())
        .execute(c))?;
        if taken == 0 {
            conn.undo().await?;
            return Ok(false);
        }
        let row =
            on!(conn, |c| sqlx::query_as("SELECT id, doc FROM agent_confirmations WHERE tenant_id = $1 AND id = $2")
                .bind(tenant.uuid())
                .bind(id.uuid())
                .fetch_one(c))?;
        let confirmation = Confirmation { state: state.clone(), ..read(row)? };
        let doc = write_json(&confirmation)?;
        affected!(conn, |c| sqlx::query("UPDATE agent_confirmations SET doc = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(id.uuid())
            .bind(&doc)
            .execute(c))?;
        affected!(conn, |c| sqlx::query("UPDATE agent_runs SET wake_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(&confirmation.run)
            .bind(wake_at.micros())
            .execute(c))?;
        conn.done().await?;
        Ok(true)
    }
}
