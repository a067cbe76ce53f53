//! How connections are opened and kept.

use crate::error::{DbError, DbResult};
use crate::nodelay;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, SqlitePool};
use std::time::Duration;

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// SQLite connections that read; writing has one of its own.
    pub sqlite_readers: u32,
    /// SQLite refuses to grow the database beyond this.
    pub sqlite_max_bytes: Option<u64>,
    /// PostgreSQL connections, the committers' included.
    pub postgres_connections: u32,
    /// Committers side by side on PostgreSQL, so that one's flush to disk overlaps with another's statements. SQLite
    /// has one writer.
    pub postgres_committers: usize,
    /// The most commits in one transaction.
    pub max_batch: usize,
    /// How long a call waits for a connection or a lock before it is `Unavailable`.
    pub wait: Duration,
    /// Every statement goes to the log, at debug level.
    pub log_statements: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            sqlite_readers: 4,
            sqlite_max_bytes: None,
            postgres_connections: 16,
            postgres_committers: 2,
            max_batch: 512,
            wait: Duration::from_secs(10),
            log_statements: false,
        }
    }
}

/// The open connections.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// `write` holds one connection: SQLite has one writer, and queueing for it here is fair and needs no retries.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// Connections idle for longer are tested before they are used again.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);
/// SQLite's default page size, in bytes.
const SQLITE_PAGE: u64 = 4096;

impl Pools {
    pub(crate) async fn connect(url: &str, options: &StoreOptions) -> DbResult<Self> {
        if url.starts_with("sqlite:") {
            Self::sqlite(url.parse()?, options).await
        } else {
            Self::postgres(url.parse()?, options).await
        }
    }

    async fn sqlite(connect: SqliteConnectOptions, options: &StoreOptions) -> DbResult<Self> {
        let connect = connect
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL may lose the last commits when the power fails.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(options.wait)
            // Rows handed over at once; fewer would make the two threads wait for each other.
            .row_buffer_size(1024)
            .pragma("temp_store", "memory");
        let connect = if options.log_statements { connect } else { connect.disable_statement_logging() };
        let mut writer = connect
            .clone()
            .thread_name(|_| "sqlite-write".into())
            // Statements over row sets come in several sizes each.
            .statement_cache_capacity(256)
            // In KiB when negative.
            .pragma("cache_size", "-8192")
            // Larger than the default of 1,000 pages: each checkpoint flushes the database file in the commit's time.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864")
            .optimize_on_close(true, 400);
        if let Some(bytes) = options.sqlite_max_bytes {
            writer = writer.pragma("max_page_count", (bytes / SQLITE_PAGE).to_string());
        }
        // The writer first: it creates the file and turns the write-ahead log on.
        let write = kept(SqlitePoolOptions::new(), options.wait).max_connections(1).connect_with(writer).await?;
        let reader = connect
            .thread_name(|id| format!("sqlite-read-{id}"))
            .pragma("cache_size", "-2048")
            .pragma("query_only", "on");
        let read = kept(SqlitePoolOptions::new(), options.wait)
            .max_connections(options.sqlite_readers.max(1))
            .connect_lazy_with(reader);
        Ok(Self::Sqlite { read, write })
    }

    async fn postgres(connect: PgConnectOptions, options: &StoreOptions) -> DbResult<Self> {
        let connect = connect.application_name("stepwright");
        let connect = if options.log_statements { connect } else { connect.disable_statement_logging() };
        // The first use of the pool may wait for long; that nobody answers should be known at once.
        connect.connect().await?.close().await?;
        let (wait, port) = (options.wait.as_millis(), connect.get_port());
        let pool = PgPoolOptions::new()
            .max_connections(options.postgres_connections.max(u32::try_from(options.postgres_committers)? + 2))
            .acquire_timeout(options.wait)
            .idle_timeout(Duration::from_secs(300))
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                nodelay::on_connections_to(port);
                Box::pin(prepare(connection, wait))
            })
            .connect_lazy_with(connect);
        Ok(Self::Postgres(pool))
    }
}

/// An SQLite connection costs memory and does not wear out: it is neither tested nor replaced, but for one thing. When
/// the disk is full, SQLite may undo the transaction by itself, and the driver then counts one that is not there.
fn kept(options: SqlitePoolOptions, wait: Duration) -> SqlitePoolOptions {
    options.acquire_timeout(wait).idle_timeout(None).max_lifetime(None).test_before_acquire(false).after_release(
        |connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // A caller that was dropped halfway has left its rollback in the queue; the ping stands behind it.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        },
    )
}

/// Every statement has its index, and lists come out of it in their order. A plan made while a table was small, or by
/// what the statistics said of it then, must not read all of a table or of a tenant's share (a bitmap, to be sorted
/// afterwards) for as long as the connection lives. Batches must lock their rows in the order they name them, or two of
/// them may deadlock: nested loops do. What costs this much by the planner's own reckoning would also be compiled to
/// machine code, which takes longer than running it.
const PLANS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off; SET jit = off";

/// Makes a new PostgreSQL connection work as the role that owns nothing, where the migrations could create it.
async fn prepare(connection: &mut PgConnection, wait_millis: u128) -> Result<(), sqlx::Error> {
    let limits = format!(
        "SET lock_timeout = {wait_millis}; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(limits)).execute(&mut *connection).await?;
    sqlx::raw_sql(PLANS).execute(&mut *connection).await?;
    let member = sqlx::query_scalar::<_, bool>(
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stepwright_app' AND pg_has_role(current_user, oid, 'MEMBER'))",
    )
    .fetch_one(&mut *connection)
    .await?;
    if member {
        match sqlx::raw_sql("SET ROLE stepwright_app").execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => {}
            Err(error) => return Err(error),
        }
    }
    let above =
        sqlx::query_scalar::<_, bool>("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            .fetch_one(&mut *connection)
            .await?;
    if above {
        tracing::warn!("the database user stands above row-level security and cannot become stepwright_app");
    }
    Ok(())
}

impl From<std::num::TryFromIntError> for DbError {
    fn from(error: std::num::TryFromIntError) -> Self {
        Self::Store(stepwright_app::ports::StoreError::Inconsistent(error.to_string()))
    }
}
