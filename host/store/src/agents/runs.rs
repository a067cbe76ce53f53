//! Runs of agents.

use super::journal::{append, spent};
use crate::Database;
use crate::conn::{Scope, affected, on};
use crate::error::{QueryResult as _, broken, read_int, read_json, write_json};
use crate::paging::Page;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{AgentRunStore, JournalError, StoreError, StoreResult};
use stepwright_app::{
    AgentRun, BudgetKey, Confirmation, ConfirmationState, JournalWrite, Listed, Paging, StoredJournal,
};
use stepwright_engine::agent::{Amounts, Entry, Hash, Journal, Phase};
use stepwright_engine::{ConfirmationId, ExecutionId, TenantId, Timestamp};
use uuid::Uuid;

fn read((id, doc): (String, String)) -> StoreResult<AgentRun> {
    read_json("agent_runs", "doc", &id, &doc)
}

#[derive(FromRow)]
struct EntryRow {
    seq: i64,
    ordinal: i64,
    phase: i64,
    kind: String,
    request: String,
    body: String,
    hash: String,
}

fn hash(column: &str, seq: i64, text: &str) -> StoreResult<Hash> {
    Hash::parse(text).ok_or_else(|| broken("agent_journal", column, &seq, &"not a hash"))
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> StoreResult<Self> {
        let seq = row.seq;
        let code: u8 = read_int("agent_journal", "phase", &seq, row.phase)?;
        Ok(Self {
            seq: read_int("agent_journal", "seq", &seq, row.seq)?,
            ordinal: read_int("agent_journal", "ordinal", &seq, row.ordinal)?,
            phase: Phase::of_code(code).ok_or_else(|| broken("agent_journal", "phase", &seq, &"unknown"))?,
            request: hash("request", seq, &row.request)?,
            hash: hash("hash", seq, &row.hash)?,
            kind: row.kind,
            body: row.body,
        })
    }
}

#[async_trait]
impl AgentRunStore for Database {
    async fn insert_run(&self, run: &AgentRun) -> StoreResult<()> {
        let doc = write_json(run)?;
        let mut conn = self.write(run.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO agent_runs (tenant_id, id, row_id, execution_id, head, wake_at, doc, created_at)
             VALUES ($1, $2, $3, $4, $5, NULL, $6, $7)"
        )
        .bind(run.tenant_id.uuid())
        .bind(&run.id)
        .bind(run.key.uuid())
        .bind(run.execution.uuid())
        .bind(Journal::seed(&run.id).to_string())
        .bind(&doc)
        .bind(run.began_at.micros())
        .execute(c))
        .or_duplicate("run")?;
        Ok(conn.done().await?)
    }

    async fn run(&self, tenant: TenantId, id: &str) -> StoreResult<Option<AgentRun>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM agent_runs WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(id)
            .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn runs(&self, tenant: TenantId, flow: Option<ExecutionId>, page: Paging) -> StoreResult<Listed<AgentRun>> {
        let at = Page::from(page);
        let flow = flow.map(ExecutionId::uuid);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM agent_runs
             WHERE tenant_id = $1 AND (created_at, row_id) < ($2, $3) AND ($6 IS NULL OR execution_id = $6)
             ORDER BY created_at DESC, row_id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .bind(flow)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn beat_run(&self, tenant: TenantId, run: &str, at: Timestamp) -> StoreResult<()> {
        let mut conn = self.write(tenant).await?;
        affected!(conn, |c| sqlx::query("UPDATE agent_runs SET beat_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.uuid())
            .bind(run)
            .bind(at.micros())
            .execute(c))?;
        Ok(conn.done().await?)
    }

    async fn journal(&self, tenant: TenantId, run: &str) -> StoreResult<Option<StoredJournal>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, (String, Option<i64>)>(
            "SELECT head, beat_at FROM agent_runs WHERE tenant_id = $1 AND id = $2"
        )
        .bind(tenant.uuid())
        .bind(run)
        .fetch_optional(c))?;
        let Some((head, beat_at)) = row else { return Ok(None) };
        let head = Hash::parse(&head).ok_or_else(|| broken("agent_runs", "head", &run, &"not a hash"))?;
        let rows = on!(conn, |c| sqlx::query_as::<_, EntryRow>(
            "SELECT seq, ordinal, phase, kind, request, body, hash FROM agent_journal
             WHERE tenant_id = $1 AND run_id = $2 ORDER BY seq"
        )
        .bind(tenant.uuid())
        .bind(run)
        .fetch_all(c))?;
        let blobs = on!(conn, |c| sqlx::query_as::<_, (String, String)>(
            "SELECT hash, content FROM agent_blobs WHERE tenant_id = $1 AND run_id = $2"
        )
        .bind(tenant.uuid())
        .bind(run)
        .fetch_all(c))?;
        conn.done().await?;
        let blob = |(name, content): (String, String)| {
            let hash = Hash::parse(&name).ok_or_else(|| broken("agent_blobs", "hash", &run, &"not a hash"))?;
            Ok((hash, content))
        };
        Ok(Some(StoredJournal {
            entries: rows.into_iter().map(Entry::try_from).collect::<StoreResult<_>>()?,
            head,
            beat_at: beat_at.map(Timestamp::from_micros),
            blobs: blobs.into_iter().map(blob).collect::<StoreResult<_>>()?,
        }))
    }

    async fn write_journal(&self, write: &JournalWrite) -> Result<(), JournalError> {
        let mut conn = self.write(write.tenant_id).await?;
        // Dropped without being done, the transaction is undone.
        append(&mut conn, write).await?;
        Ok(conn.done().await?)
    }

    async fn spent(&self, tenant: TenantId, keys: &[BudgetKey]) -> StoreResult<Vec<Amounts>> {
        let mut conn = self.read(tenant).await?;
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            let (level, name) = key.columns();
            all.push(spent(&mut conn, tenant, level, &name).await?);
        }
        conn.done().await?;
        Ok(all)
    }

    async fn confirmation(&self, tenant: TenantId, id: ConfirmationId) -> StoreResult<Option<Confirmation>> {
        Ok(self.one_confirmation(tenant, id).await?)
    }

    async fn confirmations(
        &self,
        tenant: TenantId,
        run: Option<&str>,
        pending: bool,
        page: Paging,
    ) -> StoreResult<Listed<Confirmation>> {
        Ok(self.listed_confirmations(tenant, run, pending, page).await?)
    }

    async fn decide(
        &self,
        tenant: TenantId,
        id: ConfirmationId,
        state: &ConfirmationState,
        wake_at: Timestamp,
    ) -> StoreResult<bool> {
        Ok(self.decide_confirmation(tenant, id, state, wake_at).await?)
    }

    async fn due_runs(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<(TenantId, String, Timestamp)>> {
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, (Uuid, String, i64)>(
            "SELECT tenant_id, id, wake_at FROM agent_runs
             WHERE wake_at IS NOT NULL AND wake_at <= $1 ORDER BY wake_at LIMIT $2"
        )
        .bind(now.micros())
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        let due = |(tenant, run, at)| (TenantId::from_uuid(tenant), run, Timestamp::from_micros(at));
        Ok(rows.into_iter().map(due).collect())
    }

    async fn postpone_run(
        &self,
        tenant: TenantId,
        run: &str,
        seen: Timestamp,
        wake_at: Option<Timestamp>,
    ) -> StoreResult<()> {
        let mut conn = self.write(tenant).await?;
        affected!(conn, |c| sqlx::query(
            "UPDATE agent_runs SET wake_at = $3 WHERE tenant_id = $1 AND id = $2 AND wake_at = $4"
        )
        .bind(tenant.uuid())
        .bind(run)
        .bind(wake_at.map(|at| at.micros()))
        .bind(seen.micros())
        .execute(c))?;
        Ok(conn.done().await?)
    }
}
