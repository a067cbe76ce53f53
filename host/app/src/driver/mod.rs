//! The driver: takes executions that have something to do and carries them from commit to commit.
//!
//! One task per execution and process holds its lease, runs its outstanding invocations and applies their outcomes;
//! the next step starts from memory, without asking the database. Everything it knows also stands in the database,
//! so another process can take over at any point.

mod actor;
mod agent_activation;
mod agent_budget;
mod agent_replay;
mod agent_wakes;
mod background;
mod chains;
mod deciding;
mod entity_events;
mod flow_actor;
mod flow_agent;
mod flow_saving;
mod flow_work;
mod heartbeats;
mod held;
mod internal_events;
mod invoke;
mod listing_flows;
mod record_timer;
mod saving;
mod starting;

pub(crate) use agent_replay::Replayed;
pub(crate) use background::cron_of;
pub use background::{Background, Pause};
pub(crate) use entity_events::{APPLICATION, EntityEvent, STAGE, STATUS, entity_events};
pub(crate) use flow_saving::{FlowIds, FlowMoved, contexts_of, see, stage};
pub(crate) use flow_work::{CONDITIONS, condition_of};
pub use heartbeats::Heartbeats;
pub(crate) use held::MAX_DOCUMENT;
pub(crate) use invoke::pinned as pinned_plugin;
pub(crate) use saving::{Extra, call_input};
pub(crate) use starting::StartRequest;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stepwright_engine::{Execution, ExecutionId, TenantId, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::AbortHandle;

/// Runs of one workflow that may be open before further cron ticks are dropped: the active one and one queued.
pub(super) const QUEUE_DEPTH: u32 = 2;

/// What all driven executions of this process share.
pub struct Driver {
    capacity: Arc<Semaphore>,
    /// Executions driven here, each by its newest actor.
    driven: Mutex<HashMap<ExecutionId, Driven>>,
    /// Places taken by each tenant.
    held: Mutex<HashMap<TenantId, usize>>,
    /// Places one tenant may take, so that others always find some.
    per_tenant: usize,
    /// Callers waiting for an execution to end, or to come to some state before that.
    waiters: Mutex<HashMap<ExecutionId, watch::Sender<Option<Arc<Execution>>>>>,
    /// The host is shutting down: nobody waits for an end any more.
    closing: watch::Sender<bool>,
    /// Per-tenant caps on concurrent invocations, with the quota they were made for.
    tenants: Mutex<HashMap<TenantId, (u32, Arc<Semaphore>)>>,
    /// Open executions per tenant, counted at this instant and added to since.
    open: Mutex<HashMap<TenantId, (Timestamp, u64)>>,
    /// Hints the claim loop that work has appeared.
    work: Notify,
    shutdown: watch::Sender<bool>,
    beats: Arc<Heartbeats>,
}

impl Driver {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: Arc::new(Semaphore::new(capacity)),
            driven: Mutex::new(HashMap::new()),
            held: Mutex::new(HashMap::new()),
            per_tenant: (capacity / 4).max(1),
            waiters: Mutex::new(HashMap::new()),
            closing: watch::Sender::new(false),
            tenants: Mutex::new(HashMap::new()),
            open: Mutex::new(HashMap::new()),
            work: Notify::new(),
            shutdown: watch::Sender::new(false),
            beats: Arc::default(),
        }
    }

    /// Signs of life of the loops.
    pub(crate) fn beats(&self) -> &Arc<Heartbeats> {
        &self.beats
    }

    /// A place for one more execution of the tenant, if there is one now.
    pub(crate) fn try_place(self: &Arc<Self>, tenant: TenantId) -> Option<Place> {
        if self.is_full_for(tenant) {
            return None;
        }
        self.place(tenant)
    }

    /// A place whatever the tenant holds already.
    fn place(self: &Arc<Self>, tenant: TenantId) -> Option<Place> {
        if *self.shutdown.borrow() {
            return None;
        }
        let permit = Arc::clone(&self.capacity).try_acquire_owned().ok()?;
        *lock(&self.held).entry(tenant).or_insert(0) += 1;
        Some(Place { driver: Arc::clone(self), tenant, _permit: permit })
    }

    fn is_full_for(&self, tenant: TenantId) -> bool {
        lock(&self.held).get(&tenant).is_some_and(|held| *held >= self.per_tenant)
    }

    /// Tenants that have all the places they may have.
    fn full_tenants(&self) -> Vec<TenantId> {
        lock(&self.held).iter().filter(|(_, held)| **held >= self.per_tenant).map(|(tenant, _)| *tenant).collect()
    }

    /// Tells the claim loop that there may be work.
    pub(crate) fn hint(&self) {
        self.work.notify_one();
    }

    /// Makes the execution, if it is driven here, look at the database.
    pub(crate) fn poke(&self, id: ExecutionId) {
        if let Some(driven) = lock(&self.driven).get(&id) {
            driven.poked.notify_one();
        }
    }

    /// From now on nobody waits for an execution's end.
    pub(crate) fn stop_waiting(&self) {
        self.closing.send_replace(true);
    }

    /// Returns when [`Self::stop_waiting`] has been called.
    pub(crate) async fn closing(&self) {
        // The sender lives as long as the driver, so the only way out is the value.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Whether an actor of this process has the execution.
    pub(crate) fn drives(&self, id: ExecutionId) -> bool {
        lock(&self.driven).contains_key(&id)
    }

    fn driven_ids(&self) -> Vec<ExecutionId> {
        lock(&self.driven).keys().copied().collect()
    }

    /// A receiver that gets the execution's states as this process commits them.
    pub(crate) fn wait_for(self: &Arc<Self>, id: ExecutionId) -> Waiter {
        let states = lock(&self.waiters).entry(id).or_insert_with(|| watch::Sender::new(None)).subscribe();
        Waiter { driver: Arc::clone(self), id, states: Some(states) }
    }

    /// Hands a committed state to whoever waits for the execution.
    pub(crate) fn announce(&self, execution: &Arc<Execution>) {
        let mut waiters = lock(&self.waiters);
        let Some(sender) = waiters.get(&execution.id) else { return };
        sender.send_if_modified(|known| {
            // Two that commit one after the other may get here the other way round.
            let newer = known.as_ref().is_none_or(|known| known.version < execution.version);
            if newer {
                *known = Some(Arc::clone(execution));
            }
            newer
        });
        if execution.status.is_final() {
            waiters.remove(&execution.id);
        }
    }

    /// The tenant's open executions as far as they are known, or `None` when the caller is to count them. Whoever asks
    /// during a recount gets the older count: many starts at once must not all count.
    fn open_count(&self, tenant: TenantId, now: Timestamp, max_age: Duration) -> Option<u64> {
        let mut open = lock(&self.open);
        let (at, count) = open.get_mut(&tenant)?;
        if now.since(*at) < max_age {
            return Some(*count);
        }
        *at = now;
        None
    }

    fn set_open(&self, tenant: TenantId, at: Timestamp, count: u64) {
        lock(&self.open).insert(tenant, (at, count));
    }

    pub(crate) fn count_open(&self, tenant: TenantId, more: u64) {
        if let Some((_, count)) = lock(&self.open).get_mut(&tenant) {
            *count += more;
        }
    }

    /// The tenant's slots for invocations. A changed quota makes new ones; running invocations keep what they have.
    pub(crate) fn tenant_slots(&self, tenant: TenantId, slots: u32) -> Arc<Semaphore> {
        let slots = slots.max(1);
        let mut tenants = lock(&self.tenants);
        let entry = tenants.entry(tenant).or_insert_with(|| (slots, Arc::new(Semaphore::new(slots as usize))));
        if entry.0 != slots {
            *entry = (slots, Arc::new(Semaphore::new(slots as usize)));
        }
        Arc::clone(&entry.1)
    }
}

/// An actor of this process.
struct Driven {
    /// Tells it apart from an earlier actor of the same execution.
    token: u64,
    poked: Arc<Notify>,
    abort: AbortHandle,
}

/// Room for one driven execution; given back when dropped.
pub(crate) struct Place {
    driver: Arc<Driver>,
    tenant: TenantId,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.driver.held);
        if let Some(count) = held.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.tenant);
            }
        }
    }
}

/// Waits for an execution; forgets its entry when dropped.
pub(crate) struct Waiter {
    driver: Arc<Driver>,
    id: ExecutionId,
    states: Option<watch::Receiver<Option<Arc<Execution>>>>,
}

impl Waiter {
    /// The execution, once this process has brought it to such a state; `None` when that can't happen any more.
    pub(crate) async fn until(&mut self, reached: impl Fn(&Execution) -> bool) -> Option<Arc<Execution>> {
        let reached = |state: &Option<Arc<Execution>>| state.as_deref().is_some_and(&reached);
        self.states.as_mut()?.wait_for(reached).await.ok()?.clone()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.states = None;
        let mut waiters = lock(&self.driver.waiters);
        if waiters.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiters.remove(&self.id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
