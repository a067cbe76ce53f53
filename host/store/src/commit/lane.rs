//! A committer: takes what has arrived, writes it, answers, takes what has arrived meanwhile.

use super::Request;
use super::pass::Pass;
use super::prepared::Prepared;
use crate::conn::{Conn, Scope};
use crate::error::{DbError, DbResult};
use crate::pools::Pools;
use metrics::{counter, gauge, histogram};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection as _, Postgres};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};
use stepwright_app::ports::{CommitError, StoreError};
use tokio::sync::mpsc;

/// Bytes one transaction may hand to its statements; a single commit may have more.
const MAX_BYTES: usize = 8 << 20;
/// Commits held back because they touch what an earlier one touches.
const MAX_HELD_BACK: usize = 4_096;
/// Times a transaction is begun again after the database gave up on it before the commit.
const ATTEMPTS: u32 = 3;
/// A transaction that takes longer hangs: the database does not even say no.
const MAX_TIME: Duration = Duration::from_secs(90);

/// How a transaction ended.
enum Ended {
    Committed,
    /// Something of a refused commit stood in it: undone, the others can be written again.
    Spoilt,
}

pub(super) struct Lane {
    pools: Pools,
    requests: mpsc::Receiver<Request>,
    /// Taken from the mailbox but not written yet, oldest first.
    held_back: VecDeque<Request>,
    max_batch: usize,
    shard: u64,
    /// Kept between transactions; asking the pool each time would cost a round trip.
    connection: Option<PoolConnection<Postgres>>,
}

impl Lane {
    pub(super) fn new(pools: Pools, requests: mpsc::Receiver<Request>, max_batch: usize, shard: u64) -> Self {
        Self { pools, requests, held_back: VecDeque::new(), max_batch, shard, connection: None }
    }

    /// Runs until every sender is gone and everything sent has been answered.
    pub(super) async fn run(mut self) {
        let depth = gauge!("stepwright_commit_queue_depth", "shard" => self.shard.to_string());
        loop {
            if self.held_back.is_empty() {
                let Some(first) = self.requests.recv().await else { return };
                self.held_back.push_back(first);
            }
            let batch = self.take_batch();
            depth.set((self.requests.len() + self.held_back.len()) as f64);
            histogram!("stepwright_commit_batch_size").record(batch.len() as f64);
            let began = Instant::now();
            self.write(batch).await;
            histogram!("stepwright_commit_seconds").record(began.elapsed());
        }
    }

    /// The next batch: in the order of arrival, but no two commits that share a key.
    fn take_batch(&mut self) -> Vec<Request> {
        let mut batch = Vec::new();
        let mut keys: HashSet<u64> = HashSet::new();
        let mut bytes = 0;
        let mut later = VecDeque::new();
        while batch.len() < self.max_batch && bytes < MAX_BYTES && later.len() < MAX_HELD_BACK {
            let Some(request) = self.held_back.pop_front().or_else(|| self.requests.try_recv().ok()) else { break };
            let clashes = request.prepared.keys.iter().any(|key| keys.contains(key));
            // Those of a commit that has to wait as well, so that nothing behind it overtakes it.
            keys.extend(&request.prepared.keys);
            if clashes {
                later.push_back(request);
            } else {
                bytes += request.prepared.bytes;
                batch.push(request);
            }
        }
        later.append(&mut self.held_back);
        self.held_back = later;
        batch
    }

    /// Writes a batch and answers everybody in it.
    async fn write(&mut self, batch: Vec<Request>) {
        let mut groups = vec![batch];
        while let Some(mut group) = groups.pop() {
            let members: Vec<&Prepared> = group.iter().map(|request| &request.prepared).collect();
            let mut refused = Vec::new();
            match self.write_group(&members, &mut refused).await {
                Ok(ended) => {
                    for (index, error) in refused.into_iter().rev() {
                        counter!("stepwright_commits_total", "outcome" => "refused").increment(1);
                        answer(group.remove(index), Err(error));
                    }
                    match ended {
                        Ended::Committed => {
                            counter!("stepwright_commits_total", "outcome" => "written").increment(group.len() as u64);
                            group.into_iter().for_each(|request| answer(request, Ok(())));
                        }
                        Ended::Spoilt if group.is_empty() => {}
                        Ended::Spoilt => groups.push(group),
                    }
                }
                // One commit the database cannot store must not take the others with it: halve until it stands alone.
                Err(StoreError::Inconsistent(reason)) if group.len() > 1 => {
                    tracing::warn!(reason, commits = group.len(), "a batch holds a commit that cannot be stored");
                    let half = group.split_off(group.len() / 2);
                    groups.push(half);
                    groups.push(group);
                }
                Err(error) => {
                    tracing::warn!(%error, commits = group.len(), "commits failed");
                    counter!("stepwright_commits_total", "outcome" => "failed").increment(group.len() as u64);
                    group.into_iter().for_each(|request| answer(request, Err(error.clone().into())));
                }
            }
        }
    }

    /// One transaction, begun again while the database gives up on it before the commit: until then, nothing is
    /// written. `refused` gets the places of commits that did not go through.
    async fn write_group(
        &mut self,
        group: &[&Prepared],
        refused: &mut Vec<(usize, CommitError)>,
    ) -> Result<Ended, StoreError> {
        let mut attempt = 1;
        loop {
            refused.clear();
            let mut committing = false;
            let done = tokio::time::timeout(MAX_TIME, self.transaction(group, refused, &mut committing)).await;
            let error = match done {
                Ok(Ok(ended)) => return Ok(ended),
                Ok(Err(error)) => error,
                Err(_) => StoreError::Unavailable("the database does not answer".into()).into(),
            };
            if let Some(connection) = self.connection.as_mut() {
                connection.close_on_drop();
            }
            self.connection = None;
            if committing || attempt >= ATTEMPTS || !error.is_worth_another_try() {
                return Err(error.into());
            }
            attempt += 1;
        }
    }

    async fn transaction(
        &mut self,
        group: &[&Prepared],
        refused: &mut Vec<(usize, CommitError)>,
        committing: &mut bool,
    ) -> DbResult<Ended> {
        let shard = self.shard;
        let mut pass = Pass::new(group.iter().copied());
        let mut conn = self.begin().await?;
        if let Err(error) = pass.write(&mut conn, shard).await {
            // What the database says about undoing adds nothing.
            let _ = conn.undo().await;
            return Err(error);
        }
        let ended = if pass.spoilt {
            conn.undo().await?;
            Ended::Spoilt
        } else {
            *committing = true;
            conn.done().await?;
            Ended::Committed
        };
        refused.extend(pass.members.into_iter().enumerate().filter_map(|(place, m)| Some((place, m.refused?))));
        Ok(ended)
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

/// Whoever has stopped waiting does not need the answer.
fn answer(request: Request, answer: Result<(), CommitError>) {
    let _ = request.reply.send(answer);
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
