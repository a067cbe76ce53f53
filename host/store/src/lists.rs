//! Lists of executions by what they are about, in several orders.
//!
//! Every filter leads an index that goes on with the order of the list, so that a page costs the same however many
//! executions a tenant has. Several statuses are as many lists put together again: each is read in order up to the end
//! of the page.

use crate::Database;
use crate::conn::{Dual, Parts, Scope, on};
use crate::error::{DbError, read_int};
use crate::executions::ExecutionRow;
use crate::text::{Text, Value, bind_all};
use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use stepwright_app::ports::{
    ExecutionListStore, ExecutionOrder, ExecutionQuery, ExecutionTitle, StoreResult, TitleQuery,
};
use stepwright_engine::{Execution, ExecutionId, TenantId, Timestamp};
use uuid::Uuid;

/// One statement, so that whoever adds up counts and changes meanwhile sees either all of it or nothing.
const FOLD: &str = "WITH gone AS (
        DELETE FROM execution_count_changes
        RETURNING tenant_id, definition_id, entity_schema, status, number, dialect, day),
    folded AS (
        SELECT tenant_id, definition_id, entity_schema, status, SUM(number)::bigint AS number FROM gone
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4),
    days AS (
        SELECT tenant_id, dialect, status, day, SUM(number)::bigint AS number FROM gone
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4),
    kept AS (
        INSERT INTO execution_days (tenant_id, dialect, status, day, number)
        SELECT tenant_id, dialect, status, day, number FROM days WHERE number <> 0
        ON CONFLICT (tenant_id, dialect, status, day)
        DO UPDATE SET number = execution_days.number + excluded.number)
    INSERT INTO execution_counts (tenant_id, definition_id, entity_schema, status, number)
    SELECT tenant_id, definition_id, entity_schema, status, number FROM folded WHERE number <> 0
    ON CONFLICT (tenant_id, definition_id, entity_schema, status)
    DO UPDATE SET number = execution_counts.number + excluded.number";

impl<'a> Text<'a> {
    /// What the query asks for, narrowed to one status.
    fn narrowed(&mut self, tenant: TenantId, query: &'a ExecutionQuery, status: Option<&'a str>) {
        self.push(" FROM executions WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        if let Some(definition) = query.definition {
            self.push(" AND definition_id = ").place(Value::Id(definition.uuid()));
        }
        if let Some(dialect) = query.without {
            self.push(" AND dialect <> ").place(Value::Text(dialect.as_str()));
        }
        if let Some(id) = &query.entity_id {
            self.push(" AND entity_id = ").place(Value::Text(id));
        }
        if let Some(schema) = &query.entity_schema {
            // An id leaves few to look at: the index of the whole schema must not seem the better one.
            let column = if query.entity_id.is_some() { "COALESCE(entity_schema, '')" } else { "entity_schema" };
            self.push(" AND ").push(column).push(" = ").place(Value::Text(schema));
        }
        if let Some(status) = status {
            self.push(" AND status = ").place(Value::Text(status));
        }
    }
}

fn column(order: ExecutionOrder) -> &'static str {
    match order {
        ExecutionOrder::Started => "started_at",
        ExecutionOrder::Ended => "COALESCE(ended_at, 0)",
        ExecutionOrder::Created => "created_at",
    }
}

/// One status after the other, or all in one go.
fn statuses(query: &ExecutionQuery) -> Vec<Option<&str>> {
    if query.statuses.is_empty() { vec![None] } else { query.statuses.iter().map(|s| Some(s.as_str())).collect() }
}

fn page_text<'a>(tenant: TenantId, query: &'a ExecutionQuery, offset: u64, limit: u32) -> Text<'a> {
    let mut text = Text::default();
    let direction = if query.ascending { "ASC" } else { "DESC" };
    let by = format!(" ORDER BY place {direction}, id {direction} LIMIT ");
    let (offset, limit) = (i64::try_from(offset).unwrap_or(i64::MAX), i64::from(limit));
    let column = column(query.order);
    let inner = format!(" ORDER BY {column} {direction}, id {direction} LIMIT ");
    let parts = statuses(query);
    if let [status] = parts[..] {
        text.push("SELECT id, doc, version").narrowed(tenant, query, status);
        text.push(&inner).place(Value::Number(limit));
        text.push(" OFFSET ").place(Value::Number(offset));
        return text;
    }
    // Documents are read only of what is on the page.
    text.push("SELECT e.id, e.doc, e.version FROM (SELECT id, place FROM (");
    for (number, status) in parts.into_iter().enumerate() {
        text.push(if number == 0 { "" } else { " UNION ALL " });
        text.push(&format!("SELECT * FROM (SELECT id, {column} AS place")).narrowed(tenant, query, status);
        text.push(&inner).place(Value::Number(offset.saturating_add(limit)));
        text.push(&format!(") AS s{number}"));
    }
    text.push(") AS every").push(&by).place(Value::Number(limit));
    text.push(" OFFSET ").place(Value::Number(offset));
    text.push(") AS page JOIN executions e ON e.id = page.id AND e.tenant_id = ").place(Value::Id(tenant.uuid()));
    text.push(&format!(" ORDER BY page.place {direction}, page.id {direction}"));
    text
}

/// Of one entity they are counted; all others are counted already, status by status.
fn total_text(tenant: TenantId, query: &ExecutionQuery) -> Text<'_> {
    let mut text = Text::default();
    if query.entity_id.is_some() {
        for (number, status) in statuses(query).into_iter().enumerate() {
            text.push(if number == 0 { "SELECT (SELECT COUNT(*)" } else { " + (SELECT COUNT(*)" });
            text.narrowed(tenant, query, status);
            text.push(")");
        }
        return text;
    }
    text.push("SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) FROM (");
    for (number, table) in ["execution_counts", "execution_count_changes"].into_iter().enumerate() {
        text.push(if number == 0 { "" } else { " UNION ALL " });
        text.push("SELECT number FROM ").push(table).push(" WHERE tenant_id = ").place(Value::Id(tenant.uuid()));
        if let Some(definition) = query.definition {
            text.push(" AND definition_id = ").place(Value::Id(definition.uuid()));
        }
        if let Some(dialect) = query.without {
            // A definition's executions are all of its dialect; records have none, and are of no other.
            text.push(" AND definition_id NOT IN (SELECT id FROM definitions WHERE dialect = ");
            text.place(Value::Text(dialect.as_str()));
            text.push(" AND tenant_id = ").place(Value::Id(tenant.uuid()));
            text.push(")");
        }
        if let Some(schema) = &query.entity_schema {
            text.push(" AND entity_schema = ").place(Value::Text(schema));
        }
        if !query.statuses.is_empty() {
            text.one_of(" AND status", query.statuses.iter().map(String::as_str));
        }
    }
    text.push(") AS counts");
    text
}

/// A walk along the index for every dialect and status, each no longer than the page.
fn titles_text(
    tenant: TenantId,
    query: &TitleQuery,
    after: Option<(Timestamp, ExecutionId)>,
    limit: u32,
) -> Text<'static> {
    let (direction, beyond) = if query.ascending { ("ASC", ">") } else { ("DESC", "<") };
    let limit = Value::Number(i64::from(limit));
    let order = format!(" ORDER BY created_at {direction}, id {direction} LIMIT ");
    let walks = query.dialects.iter().flat_map(|dialect| query.statuses.iter().map(move |status| (dialect, status)));
    let mut text = Text::default();
    text.push("SELECT id, created_at, title FROM (");
    for (number, (dialect, status)) in walks.enumerate() {
        text.push(if number == 0 { "" } else { " UNION ALL " });
        text.push("SELECT * FROM (SELECT id, created_at, title FROM executions WHERE tenant_id = ");
        text.place(Value::Id(tenant.uuid())).push(" AND dialect = ").place(Value::Text(dialect.as_str()));
        text.push(" AND status = ").place(Value::Text(status.as_str()));
        if let Some((at, id)) = after {
            text.push(&format!(" AND (created_at, id) {beyond} (")).place(Value::Number(at.micros()));
            text.push(", ").place(Value::Id(id.uuid())).push(")");
        }
        text.push(&order).place(limit).push(&format!(") AS w{number}"));
    }
    text.push(") AS every").push(&order).place(limit);
    text
}

#[async_trait]
impl ExecutionListStore for Database {
    async fn execution_page(
        &self,
        tenant: TenantId,
        query: &ExecutionQuery,
        offset: u64,
        limit: u32,
    ) -> StoreResult<Vec<Execution>> {
        let text = page_text(tenant, query, offset, limit);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| bind_all!(sqlx::query_as::<_, ExecutionRow>(AssertSqlSafe(text.sql)), &text.values)
            .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(Execution::try_from).collect()
    }

    async fn execution_total(&self, tenant: TenantId, query: &ExecutionQuery) -> StoreResult<u64> {
        let text = total_text(tenant, query);
        let mut conn = self.read(tenant).await?;
        let total =
            on!(conn, |c| bind_all!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(text.sql)), &text.values).fetch_one(c))?;
        conn.done().await?;
        read_int("executions", "count", &tenant, total)
    }

    async fn titles(
        &self,
        tenant: TenantId,
        query: &TitleQuery,
        after: Option<(Timestamp, ExecutionId)>,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionTitle>> {
        let text = titles_text(tenant, query, after, limit);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| {
            bind_all!(sqlx::query_as::<_, (Uuid, i64, String)>(AssertSqlSafe(text.sql)), &text.values).fetch_all(c)
        })?;
        conn.done().await?;
        let title = |(id, at, title)| ExecutionTitle {
            id: ExecutionId::from_uuid(id),
            created_at: Timestamp::from_micros(at),
            title,
        };
        Ok(rows.into_iter().map(title).collect())
    }

    async fn fold_counts(&self) -> StoreResult<u64> {
        let mut conn = self.write(Scope::Host).await?;
        let folded = match conn.parts() {
            // Every change is in the counts already.
            Parts::Sqlite(_) => 0,
            Parts::Postgres(c) => {
                sqlx::query(FOLD).execute(c).await.map(|done| done.rows_affected()).map_err(DbError::from)?
            }
        };
        conn.done().await?;
        Ok(folded)
    }
}

impl Database {
    /// How the database would read a page, in its own words; for tests.
    ///
    /// # Errors
    /// As for the page itself.
    pub async fn explain_execution_page(
        &self,
        tenant: TenantId,
        query: &ExecutionQuery,
        offset: u64,
        limit: u32,
    ) -> StoreResult<Vec<String>> {
        let text = page_text(tenant, query, offset, limit);
        let mut conn = self.read(tenant).await?;
        let column = conn.text(Dual { sqlite: "detail", postgres: "QUERY PLAN" });
        let explain = conn.text(Dual { sqlite: "EXPLAIN QUERY PLAN ", postgres: "EXPLAIN " });
        let plan = on!(conn, |c| {
            let plan = sqlx::query(AssertSqlSafe(format!("{explain}{}", text.sql)));
            bind_all!(plan, &text.values).try_map(|row| sqlx::Row::try_get::<String, _>(&row, column)).fetch_all(c)
        })?;
        conn.done().await?;
        Ok(plan)
    }
}
