//! The one write path of executions.
//!
//! Callers put commits into a mailbox. A lane takes everything that has arrived while its previous transaction was in
//! flight, and writes it as one transaction of a handful of set-wise statements: an idle host answers after one flush
//! to disk, a loaded one shares each flush between hundreds of commits.
//!
//! A batch is written in the hope that everything in it goes through. Version guards in the statements refuse what does
//! not; a commit that is refused halfway is taken out and the rest is written again ([`lane`]).

mod audits;
mod contexts;
mod effects;
mod erasures;
mod guards;
mod journals;
mod lane;
pub(crate) mod listings;
mod messages;
mod pass;
mod prepared;
mod records;
mod seen;
mod states;
mod transaction;

use crate::Database;
use crate::pools::{Pools, StoreOptions};
use async_trait::async_trait;
pub(crate) use records::{DAY, OF_ALL, OF_CUSTOMER};

use lane::Lane;
use prepared::Prepared;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};
use stepwright_app::Commit;
use stepwright_app::ports::{CommitError, CommitStore, StoreError};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;

/// Commits waiting in front of one lane; more make their callers wait.
const MAILBOX: usize = 4_096;
/// Rows per tenant and day the bill is spread over, so that hosts seldom wait for each other.
const SHARDS: u64 = 64;

/// A commit and who waits for it.
struct Request {
    prepared: Prepared,
    reply: oneshot::Sender<Result<(), CommitError>>,
}

/// The mailboxes and the tasks behind them.
pub(crate) struct Committer {
    mailboxes: RwLock<Vec<mpsc::Sender<Request>>>,
    lanes: Mutex<JoinSet<()>>,
}

impl Committer {
    pub(crate) fn spawn(pools: &Pools, options: &StoreOptions) -> Self {
        let count = match pools {
            Pools::Sqlite { .. } => 1,
            Pools::Postgres(_) => options.postgres_committers.max(1),
        };
        let first_shard = RandomState::new().hash_one(count);
        let mut mailboxes = Vec::with_capacity(count);
        let mut lanes = JoinSet::new();
        for number in 0..count as u64 {
            let (mailbox, requests) = mpsc::channel(MAILBOX);
            let shard = (first_shard % SHARDS + number) % SHARDS;
            lanes.spawn(Lane::new(pools.clone(), requests, options.max_batch.max(1), shard).run());
            mailboxes.push(mailbox);
        }
        Self { mailboxes: RwLock::new(mailboxes), lanes: Mutex::new(lanes) }
    }

    /// Refuses further commits and waits until those in the mailboxes are written.
    pub(crate) async fn close(&self) {
        self.mailboxes.write().unwrap_or_else(PoisonError::into_inner).clear();
        let mut lanes = self.lanes.lock().await;
        while lanes.join_next().await.is_some() {}
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let prepared = Prepared::new(commit)?;
        let closed = || StoreError::Unavailable("the store is closed".into());
        let mailbox = {
            let mailboxes = self.mailboxes.read().unwrap_or_else(PoisonError::into_inner);
            // Commits of one execution meet in one lane, where they are put in order without locks.
            let lane = prepared.home() % mailboxes.len().max(1) as u64;
            mailboxes.get(lane as usize).cloned().ok_or_else(closed)?
        };
        let (reply, answer) = oneshot::channel();
        mailbox.send(Request { prepared, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl CommitStore for Database {
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        self.committer.commit(commit).await
    }
}
