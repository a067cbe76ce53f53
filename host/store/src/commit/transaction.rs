//! One transaction of a lane: begun, written, committed, and tried again while that is safe.

use super::lane::Lane;
use super::pass::Pass;
use super::prepared::Prepared;
use super::states;
use crate::conn::{Conn, Scope, affected, on};
use crate::error::{DbError, DbResult};
use crate::pools::Pools;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres};
use std::time::Duration;
use stepwright_app::ports::{CommitError, StoreError};
use stepwright_engine::TenantId;
use uuid::Uuid;

/// Times a transaction is begun again after the database gave up on it before the commit.
const ATTEMPTS: u32 = 3;
/// A transaction that takes longer hangs: the database does not even say no.
const MAX_TIME: Duration = Duration::from_secs(90);

/// Every statement of a lane is made once and run for ever, over indexes whatever its parameters: planning it anew
/// would cost more than running it.
const SETTINGS: &str = "SET stepwright.tenant = '*'; SET plan_cache_mode = force_generic_plan";

/// How a transaction ended.
pub(super) enum Ended {
    Committed,
    /// Something of a refused commit stood in it: undone, the others can be written again.
    Spoilt,
}

/// What became of a statement whose answer was lost.
enum Fate {
    /// All of it but for the commits at these places.
    Written {
        but: Vec<usize>,
    },
    NotWritten,
    Unknown,
}

/// A row of a transaction whose answer was lost tells for the whole of it: a line of history, written once for ever.
struct Witness {
    tenant: TenantId,
    execution: Uuid,
    seq: i64,
    doc: String,
}

/// What has been sent that may have made things lasting: from there on an error leaves open whether it did.
#[derive(Default)]
enum Sent {
    #[default]
    Nothing,
    /// The end of a transaction.
    Commit(Option<Witness>),
    /// A statement without a transaction around it.
    Statement,
}

/// How far a transaction has come.
#[derive(Default)]
pub(super) struct Progress {
    sent: Sent,
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
        // An earlier attempt may have been written after all, later than anybody looked.
        let mut in_doubt = false;
        loop {
            *progress = Progress::default();
            let done = tokio::time::timeout(MAX_TIME, self.transaction(group, progress)).await;
            let error = match done {
                Ok(Ok(ended)) => {
                    if in_doubt {
                        self.acquit(group, progress).await;
                    }
                    return Ok(ended);
                }
                Ok(Err(error)) => error,
                Err(_) => StoreError::Unavailable("the database does not answer".into()).into(),
            };
            self.hang_up();
            match std::mem::take(&mut progress.sent) {
                Sent::Nothing => {}
                Sent::Commit(witness) => {
                    let written = self.was_written(witness.as_ref()).await == Some(true);
                    return if written { Ok(Ended::Committed) } else { Err(error.into()) };
                }
                Sent::Statement => match self.fate(group).await {
                    Fate::Unknown => return Err(error.into()),
                    Fate::Written { but } => {
                        // Which of them the statement has refused is known to the database alone.
                        let error = StoreError::from(error);
                        progress.refused = but.into_iter().map(|place| (place, error.clone().into())).collect();
                        return Ok(Ended::Committed);
                    }
                    Fate::NotWritten => in_doubt = true,
                },
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
        if let Pools::Postgres(pool) = &self.pools
            && group.iter().all(|prepared| states::at_once::is_all(prepared))
        {
            let connection = kept(&mut self.connection, pool).await?;
            progress.sent = Sent::Statement;
            let done = states::at_once::write(&mut pass, connection, shard).await;
            // The database has said that it has written nothing.
            if matches!(done, Err(DbError::Sql(sqlx::Error::Database(_)))) {
                progress.sent = Sent::Nothing;
            }
            progress.refused = pass.refused();
            return done.map(|()| Ended::Committed);
        }
        let mut conn = self.begin().await?;
        if let Err(error) = pass.write(&mut conn, shard).await {
            // What the database says about undoing adds nothing.
            let _ = conn.undo().await;
            return Err(error);
        }
        let spoilt = pass.spoilt;
        let witness = pass.going().find_map(Witness::of);
        progress.refused = pass.refused();
        if spoilt {
            conn.undo().await?;
            return Ok(Ended::Spoilt);
        }
        progress.sent = Sent::Commit(witness);
        conn.done().await?;
        Ok(Ended::Committed)
    }

    /// What became of a statement whose answer was lost.
    async fn fate(&mut self, group: &[&Prepared]) -> Fate {
        let (mut any, mut but) = (false, Vec::new());
        for (place, prepared) in group.iter().enumerate() {
            let witness = Witness::of(prepared);
            match self.was_written(witness.as_ref()).await {
                Some(true) => any = true,
                Some(false) => but.push(place),
                None if witness.is_none() => but.push(place),
                None => return Fate::Unknown,
            }
        }
        if any { Fate::Written { but } } else { Fate::NotWritten }
    }

    /// Takes back refusals of what stands in the database just as it was to be written.
    async fn acquit(&mut self, group: &[&Prepared], progress: &mut Progress) {
        for (place, error) in std::mem::take(&mut progress.refused) {
            let witness = group.get(place).and_then(|prepared| Witness::of(prepared));
            if self.was_written(witness.as_ref()).await != Some(true) {
                progress.refused.push((place, error));
            }
        }
    }

    /// After an answer that was lost: whether it was written. `None` when that cannot be found out.
    async fn was_written(&mut self, witness: Option<&Witness>) -> Option<bool> {
        let (Some(witness), Pools::Postgres(_)) = (witness, &self.pools) else { return None };
        let written = tokio::time::timeout(MAX_TIME, self.find(witness)).await;
        match written {
            Ok(Ok(written)) => Some(written),
            Ok(Err(_)) | Err(_) => {
                self.hang_up();
                None
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
        self.connection = None;
    }

    async fn begin(&mut self) -> DbResult<Conn<'_>> {
        match &self.pools {
            Pools::Sqlite { write, .. } => Ok(Conn::SqliteWrite(write.begin_with("BEGIN IMMEDIATE").await?)),
            Pools::Postgres(pool) => {
                let begin = AssertSqlSafe(Scope::Host.begin("READ WRITE"));
                Ok(Conn::Postgres(kept(&mut self.connection, pool).await?.begin_with(begin).await?))
            }
        }
    }
}

/// A lane's own connection to PostgreSQL, which sees every tenant's rows outside of transactions too.
async fn kept<'c>(own: &'c mut Option<PoolConnection<Postgres>>, pool: &PgPool) -> DbResult<&'c mut PgConnection> {
    let connection = match own.take() {
        Some(connection) => connection,
        None => {
            let mut connection = pool.acquire().await?;
            // Back in the pool it would show every tenant's rows to whoever forgets to ask for one's.
            connection.close_on_drop();
            sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
            connection
        }
    };
    Ok(own.insert(connection))
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
