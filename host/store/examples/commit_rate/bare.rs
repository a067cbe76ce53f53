//! The bare loop: the same rows in batches of one size, without mailbox, grouping or answers. What it leaves out is
//! what the committer costs.

use crate::{Failure, Runner, T0};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The rows of a batch, by column.
#[derive(Default)]
struct Rows {
    id: Vec<Uuid>,
    tenant: Vec<Uuid>,
    expected: Vec<i64>,
    version: Vec<i64>,
    holder: Vec<Uuid>,
    title: Vec<String>,
    status: Vec<&'static str>,
    doc: Vec<String>,
    wake: Vec<i64>,
    event: Vec<String>,
}

/// Commits per second.
pub(crate) async fn rate(url: &str, runners: &mut [Runner], size: usize, time: Duration) -> Result<f64, Failure> {
    let mut database = Bare::connect(url, size).await?;
    let began = Instant::now();
    let mut done = 0;
    let mut from = 0;
    while began.elapsed() < time {
        if from + size > runners.len() {
            from = 0;
        }
        let mut rows = Rows::default();
        for runner in &mut runners[from..from + size] {
            rows.push(runner)?;
        }
        database.write(rows).await?;
        from += size;
        done += size;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

impl Rows {
    fn push(&mut self, runner: &mut Runner) -> Result<(), Failure> {
        let version = i64::try_from(runner.execution.version)?;
        runner.execution.version += 1;
        runner.event.seq = runner.execution.version;
        self.id.push(runner.execution.id.uuid());
        self.tenant.push(runner.execution.tenant_id.uuid());
        self.expected.push(version);
        self.version.push(version + 1);
        self.holder.push(runner.holder.uuid());
        self.title.push(runner.execution.title.clone());
        self.status.push(runner.execution.status.name());
        self.doc.push(runner.document.clone());
        self.wake.push(T0.micros() + version + 1);
        self.event.push(serde_json::to_string(&runner.event)?);
        Ok(())
    }
}

enum Bare {
    Sqlite { connection: SqliteConnection, update: String, history: String },
    Postgres(PgConnection),
}

const SET: &str = "UPDATE executions SET version = r.version, title = r.title, status = r.status, doc = r.doc,
    updated_at = r.wake_at, ended_at = NULL, wake_at = r.wake_at, lease_holder = r.holder";
const WHERE: &str = "WHERE executions.id = r.id AND executions.version = r.expected
    AND executions.tenant_id = r.tenant_id AND executions.lease_holder = r.holder RETURNING executions.id";
const USAGE: &str = "INSERT INTO usage_days (tenant_id, day, shard, executions, steps, fuel, host_calls, wall_us)
    VALUES ($1, '2027-01-15', 99, 0, $2, $2, $2, $2) ON CONFLICT (tenant_id, day, shard) DO UPDATE SET
    steps = usage_days.steps + excluded.steps, fuel = usage_days.fuel + excluded.fuel";

impl Bare {
    async fn connect(url: &str, size: usize) -> Result<Self, Failure> {
        if !url.starts_with("sqlite:") {
            let options: PgConnectOptions = url.parse()?;
            let port = options.get_port();
            let mut connection = options.disable_statement_logging().connect().await?;
            crate::nodelay::on_connections_to(port);
            sqlx::raw_sql("SET ROLE stepwright_app; SET stepwright.tenant = '*'").execute(&mut connection).await?;
            return Ok(Self::Postgres(connection));
        }
        let options: SqliteConnectOptions = url.parse()?;
        let connection = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .row_buffer_size(1024)
            .pragma("cache_size", "-8192")
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging()
            .connect()
            .await?;
        let rows = |row: &str| vec![row; size].join(",");
        let update = format!(
            "WITH r(id, tenant_id, expected, version, holder, title, status, doc, wake_at) AS (VALUES {})
             {SET} FROM r {WHERE}",
            rows("(?,?,?,?,?,?,?,?,?)")
        );
        let history = format!("INSERT INTO history (execution_id, seq, tenant_id, doc) VALUES {}", rows("(?,?,?,?)"));
        Ok(Self::Sqlite { connection, update, history })
    }

    async fn write(&mut self, rows: Rows) -> Result<(), Failure> {
        let wanted = rows.id.len();
        let tenant = rows.tenant[0];
        let steps = i64::try_from(wanted)?;
        let updated = match self {
            Self::Sqlite { connection, update, history } => {
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                let mut states = sqlx::query(AssertSqlSafe(update.as_str()));
                let mut lines = sqlx::query(AssertSqlSafe(history.as_str()));
                let texts = rows.title.into_iter().zip(rows.doc).zip(rows.event);
                for (n, ((title, doc), event)) in texts.enumerate() {
                    states = states.bind(rows.id[n]).bind(rows.tenant[n]).bind(rows.expected[n]);
                    states = states.bind(rows.version[n]).bind(rows.holder[n]).bind(title);
                    states = states.bind(rows.status[n]).bind(doc).bind(rows.wake[n]);
                    lines = lines.bind(rows.id[n]).bind(rows.version[n]).bind(rows.tenant[n]).bind(event);
                }
                let updated = states.fetch_all(&mut *transaction).await?.len();
                lines.execute(&mut *transaction).await?;
                sqlx::query(USAGE).bind(tenant).bind(steps).execute(&mut *transaction).await?;
                transaction.commit().await?;
                updated
            }
            Self::Postgres(connection) => {
                let mut transaction = connection.begin().await?;
                let states = format!(
                    "{SET} FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[],
                     $7::text[], $8::text[], $9::bigint[])
                     AS r(id, tenant_id, expected, version, holder, title, status, doc, wake_at) {WHERE}"
                );
                let updated = sqlx::query(AssertSqlSafe(states))
                    .bind(&rows.id)
                    .bind(&rows.tenant)
                    .bind(rows.expected)
                    .bind(&rows.version)
                    .bind(rows.holder)
                    .bind(rows.title)
                    .bind(rows.status)
                    .bind(rows.doc)
                    .bind(rows.wake)
                    .fetch_all(&mut *transaction)
                    .await?
                    .len();
                let lines = "INSERT INTO history (execution_id, seq, tenant_id, doc)
                    SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[])";
                sqlx::query(lines)
                    .bind(rows.id)
                    .bind(rows.version)
                    .bind(rows.tenant)
                    .bind(rows.event)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(USAGE).bind(tenant).bind(steps).execute(&mut *transaction).await?;
                transaction.commit().await?;
                updated
            }
        };
        if updated == wanted { Ok(()) } else { Err(format!("{updated} of {wanted} rows were updated").into()) }
    }
}
