//! What the databases make of the statements behind a call.
//!
//! PostgreSQL tells by itself, with the rows it has really looked at (`auto_explain`); SQLite is asked afterwards about
//! every statement it was given.

use super::{Bed, options};
use async_trait::async_trait;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{LazyLock, Mutex, PoisonError};
use stepwright_store::{Database, StoreOptions};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Rows that one part of a plan may look at. The tests fill tables with many more, so that a part that walks a table,
/// or a tenant's share of it, is found out.
const MAX_ROWS: f64 = 500.0;
/// One watch at a time in a process: what a database says carries no name of who has asked.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static SAID: Mutex<Vec<Said>> = Mutex::new(Vec::new());
static LISTENING: LazyLock<()> = LazyLock::new(|| {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Ear)).unwrap();
});

/// What a plan may do besides looking rows up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Nothing: rows come out of an index in the order they are wanted in.
    LookUp,
    /// Walk an index from one end; the statement's limit ends the walk.
    Walk,
    /// Sort the few rows it has found, by walking too.
    Sort,
}

enum Said {
    Statement(String),
    Plan(String),
}

fn said() -> Vec<Said> {
    std::mem::take(&mut SAID.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Listens to sqlx.
struct Ear;

impl<S: tracing::Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let heard = match event.metadata().target() {
            "sqlx::postgres::notice" => Said::Plan(words.message),
            "sqlx::query" if words.statement.is_empty() => Said::Statement(words.summary),
            "sqlx::query" => Said::Statement(words.statement),
            _ => return,
        };
        SAID.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}

#[derive(Default)]
struct Words {
    message: String,
    summary: String,
    statement: String,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.statement = value.trim().to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

/// Calls to be watched, and the rows that must not make them slower.
#[async_trait]
pub trait Cases: Sync {
    /// Makes the calls, each by [`Watch::case`].
    async fn make(&self, watch: &mut Watch);
    /// Puts very many rows into the tables.
    async fn fill(&self, bed: &Bed);
}

/// Calls of the store that are watched, and what is wrong with their plans.
pub struct Watch {
    pub bed: Bed,
    /// How the plans came about, for whoever reads the faults.
    setup: String,
    /// The columns of every index, by its name.
    indexes: HashMap<String, Vec<String>>,
    tables: Vec<String>,
    /// False while a call is only made so that its plans are there already.
    judging: bool,
    faults: Vec<String>,
}

impl Bed {
    /// Judges the plans in all circumstances that lead the databases to other plans: made while the tables
    /// were empty (SQLite), made when they were filled, with statistics and without, once for all or for each call.
    pub async fn watched(&self, cases: &dyn Cases) {
        let _one = ONE.lock().await;
        LazyLock::force(&LISTENING);
        if self.is_postgres() {
            self.explain_everything().await;
        }
        let mut early = self.watch("force_generic_plan", "planned while the tables were empty").await;
        early.judging = false;
        cases.make(&mut early).await;
        cases.fill(self).await;
        // PostgreSQL takes one of several equal plans then, not always the same one, and makes others as soon as there
        // are statistics.
        early.judging = !self.is_postgres();
        cases.make(&mut early).await;
        let mut faults = early.end().await;
        for statistics in [false, true] {
            if statistics {
                self.administer("ANALYZE").await;
            }
            for mode in if self.is_postgres() { &["force_custom_plan", "force_generic_plan"][..] } else { &[""] } {
                let setup = if statistics { "with statistics" } else { "without statistics" };
                let mut watch = self.watch(mode, setup).await;
                cases.make(&mut watch).await;
                faults.append(&mut watch.end().await);
            }
        }
        assert!(faults.is_empty(), "{} plans are not what they should be:\n\n{}", faults.len(), faults.join("\n\n"));
    }

    async fn watch(&self, mode: &str, setup: &str) -> Watch {
        if self.is_postgres() {
            self.administer(&format!("ALTER DATABASE {} SET plan_cache_mode = '{mode}'", self.database())).await;
        }
        // One connection each for reading and for commits, so that a plan that was made is the one that is used.
        let options = StoreOptions { log_statements: true, postgres_committers: 1, ..options() };
        let db = Database::connect(&self.url, &options).await.unwrap();
        let (indexes, tables) = self.catalogue().await;
        let setup = format!("{mode} {setup}");
        Watch { bed: Self { db, ..self.clone() }, setup, indexes, tables, judging: true, faults: Vec::new() }
    }

    fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// The columns of every index, and the tables.
    async fn catalogue(&self) -> (HashMap<String, Vec<String>>, Vec<String>) {
        if !self.is_postgres() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
            return (HashMap::new(), sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap());
        }
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             JOIN pg_attribute a ON a.attrelid = c.oid ORDER BY c.oid, a.attnum",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let mut indexes: HashMap<String, Vec<String>> = HashMap::new();
        for (index, column) in columns {
            indexes.entry(index).or_default().push(column);
        }
        (indexes, Vec::new())
    }

    /// Makes sessions to come tell the plan of every statement they run.
    async fn explain_everything(&self) {
        let name = self.database();
        for setting in [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_level = 'notice'",
            "auto_explain.log_format = 'json'",
            "auto_explain.log_analyze = on",
            "auto_explain.log_timing = off",
        ] {
            // Loaded, or the server would not know the settings.
            self.administer(&format!("LOAD 'auto_explain'; ALTER DATABASE {name} SET {setting}")).await;
        }
    }

    pub async fn administer(&self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
    }
}

impl Watch {
    /// Awaits a call of the store and judges the plan of every statement it has run.
    pub async fn case<T, E: Debug>(&mut self, name: &str, may: May, call: impl Future<Output = Result<T, E>>) -> T {
        said();
        let answer = call.await.unwrap();
        let mut judged = 0;
        for said in said() {
            let faults = match said {
                Said::Plan(text) => self.plan_faults(&text, may),
                Said::Statement(text) if !self.bed.is_postgres() => self.sqlite_faults(&text, may).await,
                Said::Statement(_) => continue,
            };
            judged += 1;
            if self.judging {
                self.faults.extend(faults.into_iter().map(|fault| format!("{name} ({}): {fault}", self.setup)));
            }
        }
        assert!(judged > 0, "{name}: no statement was heard of");
        answer
    }

    async fn end(self) -> Vec<String> {
        self.bed.db.close().await;
        self.faults
    }

    async fn sqlite_faults(&self, statement: &str, may: May) -> Vec<String> {
        if !["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"].iter().any(|word| statement.starts_with(word)) {
            return Vec::new();
        }
        let mut connection = SqliteConnection::connect(&self.bed.url).await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let names = names(statement, &self.tables);
        let wrong = |line: &&String| {
            let scanned = line.strip_prefix("SCAN ").map(|rest| rest.split(' ').next().unwrap_or_default());
            let whole = scanned.is_some_and(|name| names.iter().any(|known| known == name));
            let sorts = line.starts_with("USE TEMP B-TREE") && line.contains("ORDER BY");
            (whole && (may == May::LookUp || !line.contains("INDEX")))
                || (sorts && may != May::Sort)
                || line.contains("AUTOMATIC")
                // Skips through an index whose first column it does not know.
                || line.contains("ANY(")
                // Goes through everything that a tenant has.
                || (line.ends_with("(tenant_id=?)") && !statement.contains("LIMIT") && !is_of_few(line))
        };
        let bad: Vec<&String> = lines.iter().filter(wrong).collect();
        if bad.is_empty() { Vec::new() } else { vec![format!("{bad:?}\n  in {statement}\n  {}", lines.join("\n  "))] }
    }

    fn plan_faults(&self, notice: &str, may: May) -> Vec<String> {
        let Some(start) = notice.find('{') else { return Vec::new() };
        let told: Value = serde_json::from_str(&notice[start..]).unwrap();
        let text = told["Query Text"].as_str().unwrap_or_default();
        // What a new connection asks about its own role.
        if text.contains("pg_roles") {
            return Vec::new();
        }
        let mut faults = Vec::new();
        if !told["JIT"].is_null() {
            faults.push("it is compiled to machine code, which takes longer than running it".to_owned());
        }
        self.walk(&told["Plan"], may, &mut faults);
        if faults.is_empty() { faults } else { vec![format!("{}\n  in {text}\n{:#}", faults.join("; "), told["Plan"])] }
    }

    fn walk(&self, node: &Value, may: May, faults: &mut Vec<String>) {
        let text = |field: &str| node[field].as_str().unwrap_or_default();
        let number = |field: &str| node[field].as_f64().unwrap_or_default();
        let (kind, index) = (text("Node Type"), text("Index Name"));
        let what = format!("{kind} of {} by {index}", text("Relation Name"));
        if kind == "Seq Scan" || kind.starts_with("Bitmap") {
            faults.push(what.clone());
        }
        if kind.ends_with("Sort") && may != May::Sort {
            faults.push(format!("{kind} by {}", node["Sort Key"]));
        }
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let rows = (number("Actual Rows") + removed) * number("Actual Loops");
        if kind.ends_with("Scan") && rows > MAX_ROWS {
            faults.push(format!("{what} looks at {rows} rows"));
        }
        if let Some(columns) = self.indexes.get(index) {
            let known = compared(text("Index Cond"));
            let mut places: Vec<_> = known.iter().filter_map(|name| columns.iter().position(|c| c == name)).collect();
            places.sort_unstable();
            places.dedup();
            // The rows between are walked over, and no count shows them.
            if may != May::Walk && places.iter().enumerate().any(|(expected, place)| expected != *place) {
                faults.push(format!("{what} skips columns: {}", text("Index Cond")));
            }
            if places.is_empty() && kind.starts_with("Index") && may == May::LookUp && number("Actual Loops") > 0.0 {
                faults.push(format!("{what} walks the index"));
            }
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.walk(child, may, faults);
        }
    }
}

/// Whether a line of SQLite's plan is about what a tenant has few of: counts, and executions that are open.
fn is_of_few(line: &str) -> bool {
    let table = line.strip_prefix("SEARCH ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    table.contains("_count") || table.ends_with("_days") || line.contains("INDEX executions_open ")
}

/// The tables' names, and what the statement calls them.
fn names(statement: &str, tables: &[String]) -> Vec<String> {
    let apart = |c: char| !(c.is_alphanumeric() || c == '_');
    let words: Vec<&str> = statement.split(apart).filter(|word| !word.is_empty()).collect();
    let named = words.windows(2).filter(|pair| tables.iter().any(|table| table == pair[0]));
    tables.iter().cloned().chain(named.map(|pair| pair[1].to_owned())).collect()
}

/// The columns on the left of each comparison: `((a = $1) AND (ROW(b, c) < ROW($2, $3)))`.
fn compared(condition: &str) -> Vec<String> {
    let left = |part: &str| part.split(['=', '<', '>']).next().unwrap_or_default().replace(" IS NOT NULL", "");
    let names = condition.split(" AND ").map(left).collect::<Vec<_>>().join(",").replace("ROW(", ",");
    names.split([',', '(', ')', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
