//! Instances made before they are called. Each serves one call, as any other: what is saved is the time it takes to make
//! one and to clear it away.
//!
//! What runs while an instance is made is the component's start functions. They see the clock at 1970 and chance seeded
//! with zero, whether the instance was waiting or is made for the call, so that answers do not depend on it.

use crate::call::Caller;
use crate::frozen::Frozen;
use crate::limits::HostCalls;
use crate::registry::Loaded;
use crate::state::State;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use stepwright_app::InvocationLimits;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::Instance;

/// Instances that wait for the calls of one component.
const WAITING: usize = 8;
/// So few left, more are made.
const FEW: usize = 4;
/// A component that is not called for so long has none waiting.
const IDLE: Duration = Duration::from_secs(2);
/// How long making one may take.
const MAX_MAKING: Duration = Duration::from_secs(1);

/// An instance that has not been called.
pub struct Ready {
    pub store: Store<State>,
    pub instance: Instance,
    /// Fuel that its start functions took.
    pub fuel: u64,
}

/// One component's instances that wait, and those that have been called and wait to be cleared away.
#[derive(Default)]
pub struct Shelf {
    waiting: Mutex<Vec<(Ready, OwnedSemaphorePermit)>>,
    used: Mutex<Vec<(Store<State>, OwnedSemaphorePermit)>>,
    wanted: Notify,
    kept: AtomicBool,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// One that waits; the room it took among those is free again.
    pub fn take(&self) -> Option<Ready> {
        let mut waiting = lock(&self.waiting);
        let taken = waiting.pop();
        if waiting.len() <= FEW {
            self.wanted.notify_one();
        }
        taken.map(|(ready, _)| ready)
    }

    /// Leaves one that has been called, and its turn, to be cleared away by whoever keeps the shelf.
    pub fn leave(&self, store: Store<State>, turn: OwnedSemaphorePermit) {
        let mut used = lock(&self.used);
        // Under the lock: whoever gives up the shelf clears it afterwards.
        if self.kept.load(Ordering::Acquire) {
            used.push((store, turn));
            if used.len() >= FEW {
                self.wanted.notify_one();
            }
        }
    }

    fn give_up(&self) {
        let used = lock(&self.used);
        self.kept.store(false, Ordering::Release);
        drop(used);
        self.clear();
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        drop(waiting);
    }

    fn clear(&self) {
        // Taken out first: dropping is the work, and must not happen under the lock.
        let used = std::mem::take(&mut *lock(&self.used));
        drop(used);
    }
}

impl Caller {
    /// Sees to it that the component has instances waiting for as long as it is called now and then.
    pub fn keep_ready(self: &Arc<Self>, loaded: &Arc<Loaded>) {
        if !loaded.shelf.kept.swap(true, Ordering::AcqRel) {
            tokio::spawn(keep(Arc::downgrade(self), Arc::downgrade(loaded)));
        }
    }

    /// An instance under these limits, not called yet.
    ///
    /// # Errors
    /// What its start functions ran into.
    pub async fn make(&self, loaded: &Loaded, limits: &InvocationLimits) -> wasmtime::Result<Ready> {
        let deadline = Instant::now() + Duration::from_millis(limits.wall_ms.into());
        let host_calls = HostCalls::new(limits.host_calls);
        let outbound = self.outbound(Arc::default(), Arc::default(), limits, &host_calls, deadline);
        let state = State::new(None, None, outbound, limits, host_calls, deadline, Some(Frozen::Unasked));
        let mut store = Store::new(self.engine(), state);
        self.arm(&mut store, limits)?;
        let instance = loaded.pre.instantiate_async(&mut store).await?;
        let fuel = limits.fuel.saturating_sub(store.get_fuel()?);
        Ok(Ready { store, instance, fuel })
    }

    async fn fill(&self, loaded: &Loaded) {
        let limits = InvocationLimits::default();
        while lock(&loaded.shelf.waiting).len() < WAITING {
            let Ok(place) = Arc::clone(self.spare()).try_acquire_many_owned(loaded.slots) else { return };
            // One that cannot be made says why in the call that needs it.
            let Ok(Ok(ready)) = timeout(MAX_MAKING, self.make(loaded, &limits)).await else { return };
            lock(&loaded.shelf.waiting).push((ready, place));
        }
    }
}

/// Keeps a shelf until nobody calls the component any more, or the component is gone.
async fn keep(caller: Weak<Caller>, loaded: Weak<Loaded>) {
    loop {
        let (Some(caller), Some(component)) = (caller.upgrade(), loaded.upgrade()) else { return };
        component.shelf.clear();
        caller.fill(&component).await;
        if timeout(IDLE, component.shelf.wanted.notified()).await.is_err() {
            component.shelf.give_up();
            return;
        }
    }
}
