//! The driver: takes executions that have something to do and carries them from commit to commit.
//!
//! One task per execution and process holds its lease, runs its outstanding invocations and applies their outcomes;
//! the next step starts from memory, without asking the database. Everything it knows also stands in the database,
//! so another process can take over at any point.

mod actor;
mod background;
mod invoke;
mod saving;
mod starting;

pub(crate) use background::cron_of;
pub use background::{Background, Pause};
pub(crate) use invoke::granted_secrets;
pub(crate) use saving::Extra;
pub(crate) use starting::StartRequest;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use stepwright_engine::{Execution, ExecutionId, TenantId};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// What all driven executions of this process share.
pub struct Driver {
    capacity: Arc<Semaphore>,
    /// Executions driven here; poking one makes it look at the database.
    driven: Mutex<HashMap<ExecutionId, Arc<Notify>>>,
    /// Callers waiting for an execution to end.
    waiters: Mutex<HashMap<ExecutionId, watch::Sender<Option<Arc<Execution>>>>>,
    /// Per-tenant caps on concurrent invocations.
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
    /// Hints the claim loop that work has appeared.
    work: Notify,
    shutdown: watch::Sender<bool>,
}

impl Driver {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: Arc::new(Semaphore::new(capacity)),
            driven: Mutex::new(HashMap::new()),
            waiters: Mutex::new(HashMap::new()),
            tenants: Mutex::new(HashMap::new()),
            work: Notify::new(),
            shutdown: watch::Sender::new(false),
        }
    }

    /// A place for one more execution, if there is one now.
    pub(crate) fn try_place(&self) -> Option<OwnedSemaphorePermit> {
        if *self.shutdown.borrow() {
            return None;
        }
        Arc::clone(&self.capacity).try_acquire_owned().ok()
    }

    /// Tells the claim loop that there may be work.
    pub(crate) fn hint(&self) {
        self.work.notify_one();
    }

    /// Makes the execution, if it is driven here, look at the database.
    pub(crate) fn poke(&self, id: ExecutionId) {
        if let Some(poked) = lock(&self.driven).get(&id) {
            poked.notify_one();
        }
    }

    fn driven_ids(&self) -> Vec<ExecutionId> {
        lock(&self.driven).keys().copied().collect()
    }

    /// A receiver that gets the execution when it ends in this process.
    pub(crate) fn wait_for(&self, id: ExecutionId) -> watch::Receiver<Option<Arc<Execution>>> {
        lock(&self.waiters).entry(id).or_insert_with(|| watch::Sender::new(None)).subscribe()
    }

    /// Forgets a waiter's entry when nobody listens any more.
    pub(crate) fn stop_waiting(&self, id: ExecutionId) {
        let mut waiters = lock(&self.waiters);
        if waiters.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiters.remove(&id);
        }
    }

    /// Hands an ended execution to whoever waits for it.
    pub(crate) fn announce(&self, execution: &Execution) {
        if !execution.status.is_final() {
            return;
        }
        if let Some(sender) = lock(&self.waiters).remove(&execution.id) {
            sender.send_replace(Some(Arc::new(execution.clone())));
        }
    }

    fn tenant_slots(&self, tenant: TenantId, slots: u32) -> Arc<Semaphore> {
        let mut tenants = lock(&self.tenants);
        Arc::clone(tenants.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(slots.max(1) as usize))))
    }

    /// Quotas may have changed; running invocations keep the slots they have.
    pub(crate) fn forget_tenant_slots(&self) {
        lock(&self.tenants).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
