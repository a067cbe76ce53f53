//! The store's handle: connections, migrations, the committers.

use crate::commit::Committer;
use crate::conn::{Conn, Scope};
use crate::error::{DbError, DbResult};
use crate::pools::{Pools, StoreOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::sync::Arc;
use stepwright_app::ports::{StoreError, StoreResult};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// The store on SQLite or PostgreSQL. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pub(crate) pools: Pools,
    pub(crate) committer: Arc<Committer>,
}

impl Database {
    /// Opens `sqlite://path` (created when missing) or `postgres://…`. Must be called inside a Tokio runtime, on which
    /// the committers run until [`Self::close`] or until the last clone is gone.
    ///
    /// # Errors
    /// `Unavailable` when nobody answers.
    pub async fn connect(url: &str, options: &StoreOptions) -> StoreResult<Self> {
        let pools = Pools::connect(url, options).await?;
        let committer = Arc::new(Committer::spawn(&pools, options));
        Ok(Self { pools, committer })
    }

    /// Brings the tables up to date. Safe to call from several hosts at once: PostgreSQL's run under an advisory lock.
    ///
    /// # Errors
    /// `Inconsistent` when the database was made by another or a newer version, `Unavailable`.
    pub async fn migrate(&self) -> StoreResult<()> {
        // `run_direct`, because the future of `run` is not `Send` to the compiler.
        let done = match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mut connection = write.acquire().await.map_err(DbError::from)?;
                SQLITE.run_direct(None, &mut *connection, false).await
            }
            Pools::Postgres(pool) => {
                // A connection of its own: the pool's work as a role that may not change tables.
                let mut connection = pool.connect_options().connect().await.map_err(DbError::from)?;
                let done = POSTGRES.run_direct(None, &mut connection, false).await;
                connection.close().await.map_err(DbError::from)?;
                done
            }
        };
        done.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => DbError::from(error).into(),
            other => StoreError::Inconsistent(format!("migrations: {other}")),
        })
    }

    /// Writes what the committers still hold, then closes every connection. Commits that come later are refused.
    pub async fn close(&self) {
        self.committer.close().await;
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// A connection for reading.
    pub(crate) async fn read(&self, scope: impl Into<Scope>) -> DbResult<Conn<'static>> {
        match &self.pools {
            Pools::Sqlite { read, .. } => Ok(Conn::SqliteRead(read.acquire().await?)),
            Pools::Postgres(pool) => {
                let begin = scope.into().begin("READ ONLY");
                Ok(Conn::Postgres(pool.begin_with(AssertSqlSafe(begin)).await?))
            }
        }
    }

    /// A transaction for writing.
    pub(crate) async fn write(&self, scope: impl Into<Scope>) -> DbResult<Conn<'static>> {
        match &self.pools {
            // Taking the write lock at once: a read that becomes a write may be refused by then.
            Pools::Sqlite { write, .. } => Ok(Conn::SqliteWrite(write.begin_with("BEGIN IMMEDIATE").await?)),
            Pools::Postgres(pool) => {
                let begin = scope.into().begin("READ WRITE");
                Ok(Conn::Postgres(pool.begin_with(AssertSqlSafe(begin)).await?))
            }
        }
    }
}
