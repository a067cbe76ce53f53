//! Searching flows and their tasks.
//!
//! Every order has an index behind the status (of tasks, the bucket), so a search is one short walk along an index per
//! status, put together and cut. A part of a name is looked for along the way; who is assigned leads the way instead.

use crate::Database;
use crate::commit::listings::NO_DUE_DATE;
use crate::conn::on;
use crate::error::DbResult;
use crate::executions::ExecutionRow;
use sqlx::{AssertSqlSafe, FromRow};
use std::fmt::Write as _;
use stepwright_app::{FlowOrder, FlowPlace, FlowSearch, OrderBy, StartKey, TaskSearch, name_pattern};
use stepwright_engine::flow::StatusName;
use stepwright_engine::{TenantId, Timestamp};
use uuid::Uuid;

/// Behind every name a key can be made of.
const LAST_NAME: &str = "\u{10ffff}\u{10ffff}";

/// A value of a statement made at run time.
#[derive(Clone, Debug)]
enum Value {
    Id(Uuid),
    Number(i64),
    Text(String),
}

/// A statement made at run time, of constant texts only.
#[derive(Debug, Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn push(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
    }

    fn bind(&mut self, value: Value) {
        self.values.push(value);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "${}", self.values.len());
    }
}

/// Binds every value in order.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Id(id) => query.bind(*id),
                Value::Number(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.as_str()),
            };
        }
        query
    }};
}

/// A walk along an index.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Everything the order knows.
    Whole,
    /// What has a due date, and what has none: largest first, the latter would come first.
    Dated,
    Undated,
}

fn parts(order: FlowOrder) -> &'static [Part] {
    match (order.by, order.ascending) {
        (OrderBy::DueDate, false) => &[Part::Dated, Part::Undated],
        (OrderBy::Start | OrderBy::Name, _) | (OrderBy::DueDate, true) => &[Part::Whole],
    }
}

/// The columns of an order with their directions, along one walk or, with `part`, for walks put together; `last` breaks
/// ties.
fn order_by(order: FlowOrder, part: bool, last: &[&str]) -> String {
    let direction = if order.ascending { " ASC" } else { " DESC" };
    // Two tables of a walk have columns of the same name.
    let table = if part { "" } else { "f." };
    let directed: &[&str] = match order.by {
        OrderBy::Start => &["started"],
        OrderBy::Name => &["name_key", "started"],
        OrderBy::DueDate => &["due", "started"],
    };
    let columns = directed.iter().map(|column| format!("{table}{column}{direction}"));
    let columns = part.then(|| "part".to_owned()).into_iter().chain(columns);
    let columns: Vec<String> = columns.chain(last.iter().map(|column| format!("{table}{column}"))).collect();
    format!(" ORDER BY {}", columns.join(", "))
}

/// What stands behind a place in an order.
fn behind(sql: &mut Sql, order: FlowOrder, after: Option<&FlowPlace>, part: Part) {
    let (compare, start) = if order.ascending { (">", i64::MIN) } else { ("<", i64::MAX) };
    let started = after.map_or(start, |place| place.started.nanos());
    match order.by {
        OrderBy::Start => {
            sql.push(format!(" AND f.started {compare} "));
            sql.bind(Value::Number(started));
        }
        OrderBy::Name => {
            let first = if order.ascending { "" } else { LAST_NAME };
            sql.push(format!(" AND (f.name_key, f.started) {compare} ("));
            sql.bind(Value::Text(after.map_or(first, |place| &place.name_key).to_owned()));
            sql.push(", ");
            sql.bind(Value::Number(started));
            sql.push(")");
        }
        OrderBy::DueDate => {
            let due = after.map(|place| place.due.map_or(NO_DUE_DATE, Timestamp::micros));
            match part {
                Part::Dated => sql.push(format!(" AND f.due < {NO_DUE_DATE}")),
                Part::Undated => sql.push(format!(" AND f.due = {NO_DUE_DATE}")),
                Part::Whole => {}
            }
            // Behind what has a date come all without.
            if part == Part::Undated && due != Some(NO_DUE_DATE) {
                return;
            }
            sql.push(format!(" AND (f.due, f.started) {compare} ("));
            sql.bind(Value::Number(due.unwrap_or(start)));
            sql.push(", ");
            sql.bind(Value::Number(started));
            sql.push(")");
        }
    }
}

fn name_like(sql: &mut Sql, column: &str, part: Option<&String>) {
    if let Some(part) = part.filter(|part| !part.is_empty()) {
        sql.push(format!(" AND {column} LIKE "));
        sql.bind(Value::Text(name_pattern(part)));
        sql.push(" ESCAPE '\\'");
    }
}

fn flows_text(tenant: TenantId, search: &FlowSearch, after: Option<&FlowPlace>, limit: u32) -> Sql {
    let mut sql = Sql::default();
    let statuses: Vec<String> = search.statuses.iter().map(|status| format!("'{}'", status.as_str())).collect();
    // A user's flows are few: they are gone through as they come.
    let groups = if search.user.is_some() { vec![statuses.join(",")] } else { statuses };
    let walks = groups.iter().flat_map(|group| parts(search.order).iter().map(move |part| (group, *part)));
    // Behind what has no due date comes nothing that has one.
    let passed = after.is_some_and(|place| place.due.is_none());
    let walks = walks.filter(|(_, part)| !(passed && *part == Part::Dated));
    for (number, (group, part)) in walks.enumerate() {
        let union = if number == 0 { "" } else { " UNION ALL " };
        let rank = u8::from(part == Part::Undated);
        sql.push(format!(
            "{union}SELECT * FROM (SELECT f.execution_id, f.started, f.name_key, f.due, {rank} AS part FROM "
        ));
        match &search.user {
            None => sql.push("flow_list f WHERE f.tenant_id = "),
            Some(user) => {
                // The order of a CROSS JOIN is kept by SQLite; PostgreSQL keeps it because nothing else but the id of an
                // execution may lead to a flow: no index serves what IS TRUE.
                sql.push("flow_users u CROSS JOIN flow_list f WHERE f.execution_id = u.execution_id AND u.user_id = ");
                sql.bind(Value::Text(user.clone()));
                let ended = search.statuses.iter().any(|status| *status != StatusName::Started);
                sql.push(if ended { " AND u.open IN (0, 1)" } else { " AND u.open = 1" });
                sql.push(" AND u.tenant_id = ");
                sql.bind(Value::Id(tenant.uuid()));
                sql.push(" AND (u.task_id = '' AND f.tenant_id = ");
            }
        }
        sql.bind(Value::Id(tenant.uuid()));
        sql.push(format!(" AND f.status IN ({group})"));
        behind(&mut sql, search.order, after, part);
        name_like(&mut sql, "f.name_key", search.name.as_ref());
        sql.push(if search.user.is_some() { ") IS TRUE" } else { "" });
        sql.push(order_by(search.order, false, &[]));
        sql.push(" LIMIT ");
        sql.bind(Value::Number(i64::from(limit)));
        sql.push(format!(") AS w{number}"));
    }
    sql.push(order_by(search.order, true, &[]));
    sql.push(" LIMIT ");
    sql.bind(Value::Number(i64::from(limit)));
    sql
}

/// `FROM` and `WHERE` of a search of tasks.
fn tasks_where(sql: &mut Sql, tenant: TenantId, search: &TaskSearch, buckets: &str, part: Part) {
    match &search.user {
        None => sql.push(" FROM flow_tasks f WHERE f.tenant_id = "),
        Some(user) => {
            sql.push(
                " FROM flow_users u CROSS JOIN flow_tasks f WHERE f.execution_id = u.execution_id
                 AND f.task_id = u.task_id AND u.user_id = ",
            );
            sql.bind(Value::Text(user.clone()));
            // Only the user's tasks in running flows, when no others are asked for.
            let ended = search.buckets.iter().any(|bucket| bucket.number() > 2);
            sql.push(if ended { " AND u.open IN (0, 1)" } else { " AND u.open = 1" });
            sql.push(" AND u.tenant_id = ");
            sql.bind(Value::Id(tenant.uuid()));
            // As for flows: only their ids lead to tasks.
            sql.push(" AND (f.tenant_id = ");
        }
    }
    sql.bind(Value::Id(tenant.uuid()));
    sql.push(format!(" AND f.bucket IN ({buckets})"));
    match part {
        Part::Dated => sql.push(format!(" AND f.due < {NO_DUE_DATE}")),
        Part::Undated => sql.push(format!(" AND f.due = {NO_DUE_DATE}")),
        Part::Whole => {}
    }
    name_like(sql, "f.name_key", search.task_name.as_ref());
    name_like(sql, "f.flow_key", search.flow_name.as_ref());
    if let Some(manual) = search.manual {
        sql.push(format!(" AND f.manual = {}", u8::from(manual)));
    }
    sql.push(if search.user.is_some() { ") IS TRUE" } else { "" });
}

fn numbers(search: &TaskSearch) -> Vec<String> {
    search.buckets.iter().map(|bucket| bucket.number().to_string()).collect()
}

fn tasks_text(tenant: TenantId, search: &TaskSearch) -> Sql {
    let mut sql = Sql::default();
    let buckets = numbers(search);
    let groups = if search.user.is_some() { vec![buckets.join(",")] } else { buckets };
    let walks = groups.iter().flat_map(|group| parts(search.order).iter().map(move |part| (group, *part)));
    let last = ["execution_id", "place"];
    let reach = i64::from(search.from) + i64::from(search.size);
    for (number, (group, part)) in walks.enumerate() {
        let union = if number == 0 { "" } else { " UNION ALL " };
        let rank = u8::from(part == Part::Undated);
        sql.push(format!(
            "{union}SELECT * FROM (SELECT f.execution_id, f.task_id, f.started, f.place, f.name_key, f.due,
             {rank} AS part"
        ));
        tasks_where(&mut sql, tenant, search, group, part);
        sql.push(order_by(search.order, false, &last));
        sql.push(" LIMIT ");
        sql.bind(Value::Number(reach));
        sql.push(format!(") AS w{number}"));
    }
    sql.push(order_by(search.order, true, &last));
    sql.push(" LIMIT ");
    sql.bind(Value::Number(i64::from(search.size)));
    sql.push(" OFFSET ");
    sql.bind(Value::Number(i64::from(search.from)));
    sql
}

fn count_text(tenant: TenantId, search: &TaskSearch, most: u32) -> Sql {
    let mut sql = Sql::default();
    sql.push("SELECT COUNT(*) FROM (SELECT 1 AS one");
    tasks_where(&mut sql, tenant, search, &numbers(search).join(","), Part::Whole);
    sql.push(" LIMIT ");
    sql.bind(Value::Number(i64::from(most)));
    sql.push(") AS counted");
    sql
}

#[derive(FromRow)]
struct FoundRow {
    started: i64,
    name_key: String,
    due: i64,
    #[sqlx(flatten)]
    execution: ExecutionRow,
}

#[derive(FromRow)]
pub(crate) struct TaskRow {
    pub(crate) execution_id: Uuid,
    pub(crate) task_id: String,
}

fn place(started: i64, name_key: String, due: i64) -> FlowPlace {
    let due = (due != NO_DUE_DATE).then(|| Timestamp::from_micros(due));
    FlowPlace { started: StartKey::from_nanos(started), name_key, due }
}

impl Database {
    pub(crate) async fn found_flows(
        &self,
        tenant: TenantId,
        search: &FlowSearch,
        after: Option<&FlowPlace>,
        limit: u32,
    ) -> DbResult<Vec<(FlowPlace, ExecutionRow)>> {
        let found = flows_text(tenant, search, after, limit);
        let order = order_by(search.order, true, &[]);
        let text = format!(
            "SELECT l.started, l.name_key, l.due, l.part, e.id, e.doc, e.version
             FROM ({}) AS l JOIN executions e ON e.id = l.execution_id AND e.tenant_id = ${}{order}",
            found.text,
            found.values.len() + 1
        );
        let values: Vec<Value> = found.values.into_iter().chain([Value::Id(tenant.uuid())]).collect();
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| bound!(sqlx::query_as::<_, FoundRow>(AssertSqlSafe(text)), &values).fetch_all(c))?;
        conn.done().await?;
        Ok(rows.into_iter().map(|row| (place(row.started, row.name_key, row.due), row.execution)).collect())
    }

    pub(crate) async fn place_of_flow(&self, tenant: TenantId, started: StartKey) -> DbResult<Option<FlowPlace>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, (i64, String, i64)>(
            // From there on, in the order of starts: no other index may seem as good.
            "SELECT started, name_key, due FROM (
                SELECT * FROM (SELECT * FROM flow_list WHERE tenant_id = $1 AND status = 'STARTED' AND started >= $2
                    ORDER BY started, name_key LIMIT 1) AS a
                UNION ALL
                SELECT * FROM (SELECT * FROM flow_list WHERE tenant_id = $1 AND status = 'DONE' AND started >= $2
                    ORDER BY started, name_key LIMIT 1) AS b
                UNION ALL
                SELECT * FROM (SELECT * FROM flow_list WHERE tenant_id = $1 AND status = 'CLOSED' AND started >= $2
                    ORDER BY started, name_key LIMIT 1) AS c
             ) AS l WHERE started = $2 ORDER BY execution_id LIMIT 1"
        )
        .bind(tenant.uuid())
        .bind(started.nanos())
        .fetch_optional(c))?;
        conn.done().await?;
        Ok(row.map(|(started, name_key, due)| place(started, name_key, due)))
    }

    pub(crate) async fn found_tasks(
        &self,
        tenant: TenantId,
        search: &TaskSearch,
        most: u32,
    ) -> DbResult<(i64, Vec<TaskRow>)> {
        let (page, count) = (tasks_text(tenant, search), count_text(tenant, search, most));
        let mut conn = self.read(tenant).await?;
        let hits = on!(conn, |c| {
            bound!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.text)), &count.values).fetch_one(c)
        })?;
        let rows = on!(conn, |c| {
            bound!(sqlx::query_as::<_, TaskRow>(AssertSqlSafe(page.text)), &page.values).fetch_all(c)
        })?;
        conn.done().await?;
        Ok((hits, rows))
    }

    pub(crate) async fn flows_from_newest(
        &self,
        tenant: TenantId,
        schema: Option<&str>,
        limit: u32,
    ) -> DbResult<Vec<ExecutionRow>> {
        let mut conn = self.read(tenant).await?;
        let rows = match schema {
            None => on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
                "SELECT e.id, e.doc, e.version FROM (
                    SELECT * FROM (SELECT execution_id, started FROM flow_list
                        WHERE tenant_id = $1 AND status = 'STARTED' ORDER BY started DESC LIMIT $2) AS a
                    UNION ALL SELECT * FROM (SELECT execution_id, started FROM flow_list
                        WHERE tenant_id = $1 AND status = 'DONE' ORDER BY started DESC LIMIT $2) AS b
                    UNION ALL SELECT * FROM (SELECT execution_id, started FROM flow_list
                        WHERE tenant_id = $1 AND status = 'CLOSED' ORDER BY started DESC LIMIT $2) AS c
                    ORDER BY started DESC LIMIT $2
                 ) AS l JOIN executions e ON e.id = l.execution_id AND e.tenant_id = $1 ORDER BY l.started DESC"
            )
            .bind(tenant.uuid())
            .bind(i64::from(limit))
            .fetch_all(c))?,
            Some(schema) => on!(conn, |c| sqlx::query_as::<_, ExecutionRow>(
                "SELECT e.id, e.doc, e.version FROM (
                    SELECT DISTINCT started, execution_id FROM flow_entities
                    WHERE tenant_id = $1 AND schema_name = $3 ORDER BY started DESC, execution_id DESC LIMIT $2
                 ) AS l JOIN executions e ON e.id = l.execution_id AND e.tenant_id = $1 ORDER BY l.started DESC"
            )
            .bind(tenant.uuid())
            .bind(i64::from(limit))
            .bind(schema)
            .fetch_all(c))?,
        };
        conn.done().await?;
        Ok(rows)
    }
}
