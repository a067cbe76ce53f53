//! Database errors, sorted by what the caller may do about them.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgSeverity;
use std::fmt::Display;
use stepwright_app::ports::{StoreError, StoreResult};

/// An error inside the store, before it is sorted.
#[derive(Debug)]
pub(crate) enum DbError {
    /// What the driver says.
    Sql(sqlx::Error),
    /// Already sorted.
    Store(StoreError),
}

/// A result inside the store.
pub(crate) type DbResult<T> = Result<T, DbError>;

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for DbError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Store(error) => error,
            DbError::Sql(error) => sorted(&error),
        }
    }
}

fn sorted(error: &sqlx::Error) -> StoreError {
    let may_pass = match error {
        sqlx::Error::Database(error) => passes(&**error),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    };
    if may_pass { StoreError::Unavailable(error.to_string()) } else { StoreError::Inconsistent(error.to_string()) }
}

/// Whether the database may do it later: it is gone, full, locked, or gave way to another transaction.
fn passes(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if let Some(postgres) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        // The server has ended the session, or has not let it begin: whatever the reason, it is not the statement's.
        if matches!(postgres.severity(), PgSeverity::Fatal | PgSeverity::Panic) {
            return true;
        }
        // Classes: 08 connection, 25006 read-only (a standby after a failover), 40 rolled back, 53 resources (disk
        // full), 55P03 lock not available, 57 operator (shut down, starting up, time-out), 58 system.
        matches!(&*code, "25006" | "55P03") || matches!(code.get(..2), Some("08" | "40" | "53" | "57" | "58"))
    } else {
        // Primary codes: busy, locked, out of memory, read-only, i/o, full, cannot open.
        code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 8 | 10 | 13 | 14))
    }
}

/// What a query site knows about its own errors.
pub(crate) trait QueryResult<T> {
    /// A broken unique rule is `Duplicate(what)`.
    fn or_duplicate(self, what: &'static str) -> DbResult<T>;
}

impl<T> QueryResult<T> for DbResult<T> {
    fn or_duplicate(self, what: &'static str) -> Self {
        self.map_err(|error| match &error {
            DbError::Sql(sqlx::Error::Database(inner)) if inner.is_unique_violation() => {
                DbError::Store(StoreError::Duplicate(what))
            }
            _ => error,
        })
    }
}

/// A row that cannot be read as what it should be.
pub(crate) fn broken(table: &str, column: &str, row: &dyn Display, reason: &dyn Display) -> StoreError {
    StoreError::Inconsistent(format!("{table}.{column} of row {row}: {reason}"))
}

/// Reads a JSON column.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    table: &str,
    column: &str,
    row: &dyn Display,
    text: &str,
) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|error| broken(table, column, row, &error))
}

/// Reads an integer column into the domain's unsigned or smaller type.
pub(crate) fn read_int<T: TryFrom<i64>>(table: &str, column: &str, row: &dyn Display, value: i64) -> StoreResult<T> {
    T::try_from(value).map_err(|_| broken(table, column, row, &format_args!("{value} is out of range")))
}

/// Text of a value the domain promises to be serializable.
pub(crate) fn write_json<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Inconsistent(format!("cannot serialize: {error}")))
}

/// A counter as stored. Sums saturate rather than fail: a bill that stops growing beats a commit that cannot.
pub(crate) fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
