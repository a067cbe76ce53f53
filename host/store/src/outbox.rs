//! Mail on its way out.

use crate::Database;
use crate::claims::{any_due, claim, readable};
use crate::conn::{Dual, Scope, affected, on};
use crate::error::{read_json, write_json};
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{OutboxStore, StoreError, StoreResult};
use stepwright_app::{Listed, MailState, OutboxMail, Paging};
use stepwright_engine::{ExecutionId, MailId, TenantId, Timestamp};
use uuid::Uuid;

#[derive(FromRow)]
struct MailRow {
    id: Uuid,
    tenant_id: Uuid,
    execution_id: Option<Uuid>,
    dedupe_key: String,
    message: String,
    state: String,
    created_at: i64,
}

impl TryFrom<MailRow> for OutboxMail {
    type Error = StoreError;

    fn try_from(row: MailRow) -> StoreResult<Self> {
        Ok(Self {
            id: MailId::from_uuid(row.id),
            tenant_id: TenantId::from_uuid(row.tenant_id),
            execution_id: row.execution_id.map(ExecutionId::from_uuid),
            dedupe_key: row.dedupe_key,
            message: read_json("mails", "message", &row.id, &row.message)?,
            state: read_json("mails", "state", &row.id, &row.state)?,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// When a message in this state must be looked at.
pub(crate) fn mail_due(state: &MailState) -> Option<i64> {
    match state {
        MailState::Queued { next_at, .. } => Some(next_at.micros()),
        MailState::Sent { .. } | MailState::Captured { .. } | MailState::Failed { .. } => None,
    }
}

const CLAIM: Dual = claim!(
    "mails",
    "next_at",
    "",
    "next_at = $5",
    "id, tenant_id, execution_id, dedupe_key, message, state, created_at"
);

#[async_trait]
impl OutboxStore for Database {
    async fn mails(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<OutboxMail>> {
        let text = "SELECT id, tenant_id, execution_id, dedupe_key, message, state, created_at FROM mails
            WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
            ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5";
        Ok(self.page(tenant, page, text, |row: MailRow| OutboxMail::try_from(row)).await?)
    }

    async fn claim_mails(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<OutboxMail>> {
        if !self.is_due(any_due!("mails", "next_at"), now, "").await? {
            return Ok(Vec::new());
        }
        let mut conn = self.write(Scope::Host).await?;
        let text = conn.text(CLAIM);
        let rows = on!(conn, |c| sqlx::query_as::<_, MailRow>(text)
            .bind(now.micros())
            .bind(i64::from(limit))
            .bind(i64::from(limit))
            .bind("")
            .bind(until.micros())
            .fetch_all(c))?;
        conn.done().await?;
        Ok(readable(rows))
    }

    async fn finish_mail(&self, tenant: TenantId, id: MailId, state: &MailState) -> StoreResult<()> {
        let text = write_json(state)?;
        let mut conn = self.write(tenant).await?;
        affected!(conn, |c| sqlx::query("UPDATE mails SET state = $3, next_at = $4 WHERE id = $1 AND tenant_id = $2")
            .bind(id.uuid())
            .bind(tenant.uuid())
            .bind(text)
            .bind(mail_due(state))
            .execute(c))?;
        Ok(conn.done().await?)
    }

    async fn mail(&self, tenant: TenantId, id: MailId) -> StoreResult<Option<OutboxMail>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, MailRow>(
            "SELECT id, tenant_id, execution_id, dedupe_key, message, state, created_at FROM mails
             WHERE id = $1 AND tenant_id = $2"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(OutboxMail::try_from).transpose()
    }
}
