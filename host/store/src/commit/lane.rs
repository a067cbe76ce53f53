//! A committer: takes what has arrived, writes it, answers, takes what has arrived meanwhile.

use super::Request;
use super::prepared::Prepared;
use super::transaction::{Ended, Progress};
use crate::pools::Pools;
use metrics::{counter, gauge, histogram};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use std::collections::{HashSet, VecDeque};
use std::time::Instant;
use stepwright_app::ports::{CommitError, StoreError};
use tokio::sync::mpsc;

/// Bytes one transaction may hand to its statements; a single commit may have more.
const MAX_BYTES: usize = 8 << 20;
/// Commits held back because they touch what an earlier one touches.
const MAX_HELD_BACK: usize = 4_096;

pub(super) struct Lane {
    pub(super) pools: Pools,
    requests: mpsc::Receiver<Request>,
    /// Taken from the mailbox but not written yet, oldest first.
    held_back: VecDeque<Request>,
    max_batch: usize,
    pub(super) shard: u64,
    /// Kept between transactions; asking the pool each time would cost a round trip.
    pub(super) connection: Option<PoolConnection<Postgres>>,
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
            let mut progress = Progress::default();
            match self.write_group(&members, &mut progress).await {
                Ok(ended) => {
                    for (place, error) in progress.refused.into_iter().rev() {
                        counter!("stepwright_commits_total", "outcome" => "refused").increment(1);
                        answer(group.remove(place), Err(error));
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
}

/// Whoever has stopped waiting does not need the answer.
fn answer(request: Request, answer: Result<(), CommitError>) {
    let _ = request.reply.send(answer);
}
