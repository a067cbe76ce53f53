//! One transaction of a lane: begun, written, committed, and tried again while that is safe.

use super::lane::Lane;
use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::{Conn, Scope, affected, on};
use crate::error::{DbError, DbResult};
use crate::pools::Pools;
use sqlx::{AssertSqlSafe, Connection as _};
use std::time::Duration;
use stepwright_app::ports::{CommitError, StoreError};
use stepwright_engine::TenantId;
use uuid::Uuid;

/// Times a transaction is begun again after the database gave up on it before the commit.
const ATTEMPTS: u32 = 3;
/// A transaction that takes longer hangs: the database does not even say no.
const MAX_TIME: Duration = Duration::from_secs(90);

/// How a transaction ended.
pub(super) enum Ended {
    Committed,
    /// Something of a refused commit stood in it: undone, the others can be written again.
    Spoilt,
}

/// A row of a transaction whose answer was lost tells for the whole of it: a line of history, written once for ever.
struct Witness {
    tenant: TenantId,
    execution: Uuid,
    seq: i64,
    doc: String,
}

/// How far a transaction has come.
#[derive(Default)]
pub(super) struct Progress {
    /// The commit has been sent; from here on an error leaves open whether it went through.
    committing: bool,
    witness: Option<Witness>,
    /// Places of the commits that did not go through.
    pub(super) refused: Vec<(usize, CommitError)>,
}

impl Lane {
    /// One transaction, begun again while the database gives up on it before the commit: until then, nothing is
    /// written.
    pub(super) async fn write_group(
        &mut self,
        group: &[&Prepared],
        progress: &mut Progress,
    ) -> Result<Ended, StoreError> {
        let mut attempt = 1;
        loop {
            *progress = Progress::default();
            let done = tokio::time::timeout(MAX_TIME, self.transaction(group, progress)).await;
            let error = match done {
                Ok(Ok(ended)) => return Ok(ended),
                Ok(Err(error)) => error,
                Err(_) => StoreError::Unavailable("the database does not answer".into()).into(),
            };
            self.hang_up();
            if progress.committing {
                let written = self.was_written(progress.witness.as_ref()).await;
                return if written { Ok(Ended::Committed) } else { Err(error.into()) };
            }
            if attempt >= ATTEMPTS || !error.is_worth_another_try() {
                return Err(error.into());
            }
            attempt += 1;
        }
    }

    async fn transaction(&mut self, group: &[&Prepared], progress: &mut Progress) -> DbResult<Ended> {
        let shard = self.shard;
        let mut pass = Pass::new(group.iter().copied());
        let mut conn = self.begin().await?;
        if let Err(error) = pass.write(&mut conn, shard).await {
            // What the database says about undoing adds nothing.
            let _ = conn.undo().await;
            return Err(error);
        }
        let spoilt = pass.spoilt;
        progress.witness = pass.going().find_map(Witness::of);
        progress.refused =
            pass.members.into_iter().enumerate().filter_map(|(place, m)| Some((place, m.refused?))).collect();
        if spoilt {
            conn.undo().await?;
            return Ok(Ended::Spoilt);
        }
        progress.committing = true;
        conn.done().await?;
        Ok(Ended::Committed)
    }

    /// After a commit whose answer was lost: whether it went through. `false` also when that cannot be found out.
    async fn was_written(&mut self, witness: Option<&Witness>) -> bool {
        let (Some(witness), Pools::Postgres(_)) = (witness, &self.pools) else { return false };
        let written = tokio::time::timeout(MAX_TIME, self.find(witness)).await;
        match written {
            Ok(Ok(written)) => written,
            Ok(Err(_)) | Err(_) => {
                self.hang_up();
                false
            }
        }
    }

    async fn find(&mut self, witness: &Witness) -> DbResult<bool> {
        let mut conn = self.begin().await?;
        // The session that was lost may be at it still; it holds this row until it is done.
        affected!(conn, |c| sqlx::query(
            "UPDATE executions SET version = version WHERE id = $1 AND (tenant_id = $2) IS TRUE"
        )
        .bind(witness.execution)
        .bind(witness.tenant.uuid())
        .execute(c))?;
        let found = on!(conn, |c| sqlx::query_scalar::<_, bool>(
            "SELECT EXISTS (SELECT 1 FROM history
             WHERE execution_id = $1 AND seq = $2 AND tenant_id = $3 AND doc = $4)"
        )
        .bind(witness.execution)
        .bind(witness.seq)
        .bind(witness.tenant.uuid())
        .bind(&witness.doc)
        .fetch_one(c))?;
        conn.done().await?;
        Ok(found)
    }

    /// Gives the connection up for good.
    fn hang_up(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
    }

    async fn begin(&mut self) -> DbResult<Conn<'_>> {
        match &self.pools {
            Pools::Sqlite { write, .. } => Ok(Conn::SqliteWrite(write.begin_with("BEGIN IMMEDIATE").await?)),
            Pools::Postgres(pool) => {
                let connection = match self.connection.take() {
                    Some(connection) => connection,
                    None => pool.acquire().await?,
                };
                let connection = self.connection.insert(connection);
                let begin = AssertSqlSafe(Scope::Host.begin("READ WRITE"));
                Ok(Conn::Postgres(connection.begin_with(begin).await?))
            }
        }
    }
}

impl Witness {
    fn of(prepared: &Prepared) -> Option<Self> {
        // What is erased with the same commit bears witness to nothing.
        if !prepared.commit.effects.erased.is_empty() {
            return None;
        }
        let line = prepared.history.first()?;
        let tenant = prepared.commit.tenant_id;
        Some(Self { tenant, execution: line.execution, seq: line.seq, doc: line.doc.clone() })
    }
}

impl DbError {
    /// Whether a new connection, or the same statements once more, may fare better.
    fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => true,
            Self::Sql(sqlx::Error::Database(error)) => {
                // Lost connection, deadlock or serialization failure, shut down by the operator.
                let code = error.code().unwrap_or_default();
                error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some()
                    && matches!(code.get(..2), Some("08" | "40" | "57"))
            }
            Self::Sql(_) | Self::Store(_) => false,
        }
    }
}
