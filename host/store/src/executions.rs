//! Reading executions and their history.
//!
//! Where an execution is looked up by its id, its tenant is tested by `(tenant_id = $2) IS TRUE`, which no index serves.
//! Several indexes hold both columns, with others between: on a small table they cost PostgreSQL's planner as much as
//! the primary key, and a plan made then walks over all of a tenant's executions for as long as the connection lives.

use crate::Database;
use crate::claims::readable;
use crate::conn::{Dual, on};
use crate::error::{read_int, read_json, stored};
use crate::paging::Page;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{ExecutionFilter, ExecutionStore, ExecutionSummary, StoreResult};
use stepwright_app::{Listed, Paging};
use stepwright_engine::{
    DefinitionId, Dialect, Execution, ExecutionId, HistoryEvent, NodeInstanceId, TenantId, Timestamp,
};
use uuid::Uuid;

/// An execution as stored. The row's version stands above the document's: claims move only the row's on.
#[derive(FromRow)]
pub(crate) struct ExecutionRow {
    id: Uuid,
    doc: String,
    version: i64,
}

impl TryFrom<ExecutionRow> for Execution {
    type Error = stepwright_app::ports::StoreError;

    fn try_from(row: ExecutionRow) -> StoreResult<Self> {
        let mut execution: Self = read_json("executions", "doc", &row.id, &row.doc)?;
        execution.version = read_int("executions", "version", &row.id, row.version)?;
        Ok(execution)
    }
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    definition_id: Uuid,
    dialect: String,
    kind: String,
    title: String,
    status: String,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<SummaryRow> for ExecutionSummary {
    type Error = stepwright_app::ports::StoreError;

    fn try_from(row: SummaryRow) -> StoreResult<Self> {
        let dialect = Dialect::parse(&row.dialect)
            .ok_or_else(|| crate::error::broken("executions", "dialect", &row.id, &row.dialect))?;
        Ok(Self {
            id: ExecutionId::from_uuid(row.id),
            definition_id: DefinitionId::from_uuid(row.definition_id),
            dialect,
            kind: row.kind,
            title: row.title,
            status: row.status,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            ended_at: row.ended_at.map(Timestamp::from_micros),
        })
    }
}

/// A list statement: columns, and what narrows it further. `$6` is a dialect or null, `$7` `,status,status,` or empty.
macro_rules! list {
    ($columns:literal, $further:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM executions WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
              AND ($6 IS NULL OR dialect = $6) AND ($7 = '' OR $7 LIKE '%,' || status || ',%')",
            $further,
            " ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
    };
}

/// A list with and without a definition: each has an index of its own.
struct ListText {
    all: &'static str,
    of_definition: &'static str,
}

const WHOLE: ListText = ListText {
    all: list!("id, doc, version", ""),
    of_definition: list!("id, doc, version", " AND definition_id = $8"),
};
const SUMMARY: ListText = ListText {
    all: list!("id, definition_id, dialect, kind, title, status, created_at, updated_at, ended_at", ""),
    of_definition: list!(
        "id, definition_id, dialect, kind, title, status, created_at, updated_at, ended_at",
        " AND definition_id = $8"
    ),
};

/// `,a,b,` for the LIKE that asks whether a status is among them; empty for every status.
pub(crate) fn status_list(statuses: &[String]) -> String {
    if statuses.is_empty() { String::new() } else { format!(",{},", statuses.join(",")) }
}

impl Database {
    async fn listed<T>(
        &self,
        text: ListText,
        tenant: TenantId,
        filter: &ExecutionFilter,
        page: Page,
    ) -> StoreResult<Vec<T>>
    where
        T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        let mut conn = self.read(tenant).await?;
        let dialect = filter.dialect.map(Dialect::as_str);
        let statuses = status_list(&filter.statuses);
        let rows = match filter.definition {
            None => on!(conn, |c| sqlx::query_as::<_, T>(text.all)
                .bind(tenant.uuid())
                .bind(page.at)
                .bind(page.id)
                .bind(page.fetch)
                .bind(page.offset)
                .bind(dialect)
                .bind(statuses)
                .fetch_all(c))?,
            Some(definition) => on!(conn, |c| sqlx::query_as::<_, T>(text.of_definition)
                .bind(tenant.uuid())
                .bind(page.at)
                .bind(page.id)
                .bind(page.fetch)
                .bind(page.offset)
                .bind(dialect)
                .bind(statuses)
                .bind(definition.uuid())
                .fetch_all(c))?,
        };
        conn.done().await?;
        Ok(rows)
    }
}

#[async_trait]
impl ExecutionStore for Database {
    async fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<Option<Execution>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
            "SELECT id, doc, version FROM executions WHERE id = $1 AND (tenant_id = $2) IS TRUE"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(Execution::try_from).transpose()
    }

    async fn held_execution(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        holder: NodeInstanceId,
    ) -> StoreResult<Option<Execution>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
            "SELECT id, doc, version FROM executions
             WHERE id = $1 AND (tenant_id = $2) IS TRUE AND lease_holder = $3"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .bind(holder.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(Execution::try_from).transpose()
    }

    async fn executions(
        &self,
        tenant: TenantId,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> StoreResult<Listed<Execution>> {
        let rows: Vec<ExecutionRow> = self.listed(WHOLE, tenant, filter, page.into()).await?;
        let items = rows.into_iter().map(Execution::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, page.limit()))
    }

    async fn execution_summaries(
        &self,
        tenant: TenantId,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> StoreResult<Listed<ExecutionSummary>> {
        let rows: Vec<SummaryRow> = self.listed(SUMMARY, tenant, filter, page.into()).await?;
        let items = rows.into_iter().map(ExecutionSummary::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, page.limit()))
    }

    async fn history(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        after: u64,
        limit: u32,
    ) -> StoreResult<Listed<HistoryEvent>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| {
            sqlx::query_as::<_, (i64, String)>(
            "SELECT seq, doc FROM history WHERE execution_id = $1 AND tenant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .bind(stored(after))
        .bind(i64::from(limit) + 1)
        .fetch_all(c)
        })?;
        conn.done().await?;
        let items = rows
            .into_iter()
            .map(|(seq, doc)| read_json("history", "doc", &format_args!("{id}/{seq}"), &doc))
            .collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, limit))
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        holder: NodeInstanceId,
        until: Timestamp,
        limit: u32,
        per_tenant: u32,
        exclude: &[TenantId],
    ) -> StoreResult<Vec<Execution>> {
        Ok(readable(self.claim_executions(now, holder, until, limit, per_tenant, exclude).await?))
    }

    async fn renew_leases(
        &self,
        holder: NodeInstanceId,
        ids: &[ExecutionId],
        until: Timestamp,
    ) -> StoreResult<Vec<ExecutionId>> {
        Ok(self.renew(holder, ids, until).await?)
    }

    async fn release_leases(&self, holder: NodeInstanceId, now: Timestamp) -> StoreResult<u64> {
        Ok(self.release(holder, now).await?)
    }

    async fn open_executions(&self, tenant: TenantId) -> StoreResult<u64> {
        // Without statistics, SQLite takes any index that leads with the tenant, and goes through all that have ended.
        const OPEN: Dual = Dual {
            sqlite: "SELECT COUNT(*) FROM executions INDEXED BY executions_open WHERE tenant_id = $1 AND ended_at IS NULL",
            postgres: "SELECT COUNT(*) FROM executions WHERE tenant_id = $1 AND ended_at IS NULL",
        };
        let mut conn = self.read(tenant).await?;
        let text = conn.text(OPEN);
        let count = on!(conn, |c| sqlx::query_scalar::<_, i64>(text).bind(tenant.uuid()).fetch_one(c))?;
        conn.done().await?;
        read_int("executions", "count", &tenant, count)
    }

    async fn next_wake(&self) -> StoreResult<Option<Timestamp>> {
        Ok(self.earliest_wake().await?)
    }

    async fn open_executions_of(
        &self,
        tenant: TenantId,
        definition: DefinitionId,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionId>> {
        let mut conn = self.read(tenant).await?;
        let ids = on!(conn, |c| sqlx::query_scalar::<_, Uuid>(
            "SELECT id FROM executions WHERE tenant_id = $1 AND definition_id = $2 AND ended_at IS NULL
             ORDER BY created_at DESC, id DESC LIMIT $3"
        )
        .bind(tenant.uuid())
        .bind(definition.uuid())
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        Ok(ids.into_iter().map(ExecutionId::from_uuid).collect())
    }

    async fn is_pinned(&self, tenant: TenantId, plugin: &str, digest: &str) -> StoreResult<bool> {
        // The LIKE is cheap and lets the documents be parsed only of executions that name the digest at all.
        const PINNED: Dual = Dual {
            sqlite: "SELECT EXISTS (SELECT 1 FROM executions INDEXED BY executions_open
                     WHERE tenant_id = $1 AND ended_at IS NULL AND doc LIKE '%' || $3 || '%' AND doc -> 'pins' ->> $2 = $3)",
            postgres: "SELECT EXISTS (SELECT 1 FROM executions WHERE tenant_id = $1 AND ended_at IS NULL
                     AND doc LIKE '%' || $3 || '%' AND doc::json -> 'pins' ->> $2 = $3)",
        };
        let mut conn = self.read(tenant).await?;
        let text = conn.text(PINNED);
        let pinned = on!(conn, |c| sqlx::query_scalar::<_, bool>(text)
            .bind(tenant.uuid())
            .bind(plugin)
            .bind(digest)
            .fetch_one(c))?;
        conn.done().await?;
        Ok(pinned)
    }
}
