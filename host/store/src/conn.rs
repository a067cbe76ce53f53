//! A connection to whichever database, with the tenant whose rows it may see.

use crate::error::{DbError, DbResult};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use stepwright_engine::TenantId;

/// Whose rows a transaction may see. On PostgreSQL the database itself holds to it (row-level security); statements
/// name the tenant as well, because SQLite has nothing of the kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    /// One tenant's.
    Tenant(TenantId),
    /// Every tenant's: the host's own work.
    Host,
}

impl From<TenantId> for Scope {
    fn from(tenant: TenantId) -> Self {
        Self::Tenant(tenant)
    }
}

impl Scope {
    /// The statement that opens a PostgreSQL transaction in this scope, in one round trip.
    pub(crate) fn begin(self, mode: &str) -> String {
        match self {
            // A UUID's text holds only digits and dashes.
            Self::Tenant(tenant) => format!("BEGIN {mode}; SET LOCAL stepwright.tenant = '{tenant}'"),
            Self::Host => format!("BEGIN {mode}; SET LOCAL stepwright.tenant = '*'"),
        }
    }
}

/// An open connection, in a transaction unless it only reads from SQLite. Dropped without [`Conn::done`], it rolls back.
pub(crate) enum Conn<'c> {
    SqliteRead(PoolConnection<Sqlite>),
    SqliteWrite(Transaction<'c, Sqlite>),
    Postgres(Transaction<'c, Postgres>),
}

/// A connection as [`on!`] takes it apart.
pub(crate) enum Parts<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// One text for each database, for the few statements that cannot be the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Conn<'_> {
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        match self {
            Self::SqliteRead(connection) => Parts::Sqlite(connection),
            Self::SqliteWrite(transaction) => Parts::Sqlite(transaction),
            Self::Postgres(transaction) => Parts::Postgres(transaction),
        }
    }

    /// The text for the database this is a connection to.
    pub(crate) fn text(&self, dual: Dual) -> &'static str {
        match self {
            Self::SqliteRead(_) | Self::SqliteWrite(_) => dual.sqlite,
            Self::Postgres(_) => dual.postgres,
        }
    }

    /// Commits.
    pub(crate) async fn done(self) -> DbResult<()> {
        match self {
            Self::SqliteRead(_) => Ok(()),
            Self::SqliteWrite(transaction) => transaction.commit().await.map_err(DbError::from),
            Self::Postgres(transaction) => transaction.commit().await.map_err(DbError::from),
        }
    }

    /// Undoes everything, and waits until it is undone.
    pub(crate) async fn undo(self) -> DbResult<()> {
        match self {
            Self::SqliteRead(_) => Ok(()),
            Self::SqliteWrite(transaction) => transaction.rollback().await.map_err(DbError::from),
            Self::Postgres(transaction) => transaction.rollback().await.map_err(DbError::from),
        }
    }
}

/// Runs one query on whichever database: `on!(conn, |c| sqlx::query(TEXT).bind(x).execute(c))`.
///
/// The query expression is compiled once per database, against that database's types, so every statement of the store
/// is written once. `$1`, `$2` … and `RETURNING` read the same on both.
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn.parts() {
            $crate::conn::Parts::Sqlite($c) => $query.await.map_err($crate::error::DbError::from),
            $crate::conn::Parts::Postgres($c) => $query.await.map_err($crate::error::DbError::from),
        }
    };
}
pub(crate) use on;

/// Runs one statement on whichever database and gives back the number of rows it touched.
macro_rules! affected {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn.parts() {
            $crate::conn::Parts::Sqlite($c) => {
                $query.await.map(|done| done.rows_affected()).map_err($crate::error::DbError::from)
            }
            $crate::conn::Parts::Postgres($c) => {
                $query.await.map(|done| done.rows_affected()).map_err($crate::error::DbError::from)
            }
        }
    };
}
pub(crate) use affected;
