//! Who waits for which execution, and who leads.

use super::Turn;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stepwright_engine::{ExecutionId, TenantId};
use tokio::sync::Notify;

/// Whose turns they are.
pub(super) type Key = (TenantId, ExecutionId);

/// All queues of this process.
#[derive(Default)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<Key, Queue>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Turn>,
    arrived: Arc<Notify>,
}

/// The right, and the duty, to serve a queue. Given up by [`Leader::leave`]; dropped otherwise (a panic), whoever waits
/// gets no answer and the next one leads again.
pub(super) struct Leader {
    turns: Arc<Turns>,
    pub(super) key: Key,
    arrived: Arc<Notify>,
}

impl Turns {
    /// Queues a turn. Whoever finds no queue leads from now on.
    pub(super) fn join(self: &Arc<Self>, key: Key, turn: Turn) -> Option<Leader> {
        let mut queues = self.lock();
        let is_new = !queues.contains_key(&key);
        let queue = queues.entry(key).or_default();
        queue.waiting.push_back(turn);
        queue.arrived.notify_one();
        let arrived = Arc::clone(&queue.arrived);
        is_new.then(|| Leader { turns: Arc::clone(self), key, arrived })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader {
    /// The turns that wait, oldest first, at most this many.
    pub(super) fn take(&self, most: usize) -> Vec<Turn> {
        let mut queues = self.turns.lock();
        let Some(queue) = queues.get_mut(&self.key) else { return Vec::new() };
        let many = queue.waiting.len().min(most);
        queue.waiting.drain(..many).collect()
    }

    /// Returns when a turn has arrived, which may have been taken already.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Ends the queue unless somebody waits in it.
    pub(super) fn leave(&self) -> bool {
        let mut queues = self.turns.lock();
        match queues.get(&self.key) {
            Some(queue) if !queue.waiting.is_empty() => false,
            Some(_) | None => {
                queues.remove(&self.key);
                true
            }
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // After `leave` somebody else may lead a new queue of the same execution.
        let mut queues = self.turns.lock();
        if queues.get(&self.key).is_some_and(|queue| Arc::ptr_eq(&queue.arrived, &self.arrived)) {
            queues.remove(&self.key);
        }
    }
}
