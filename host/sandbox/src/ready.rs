//! Instances made before they are called. Each serves one call, as any other: what is saved is the time it takes to make
//! one and to clear it away.
//!
//! What runs while an instance is made is the component's start functions. They see the clock at 1970 and chance seeded
//! with zero, whether the instance was waiting or is made for the call, so that answers do not depend on it.

use crate::bindings::types::Context;
use crate::bindings::{conditions, guards};
use crate::call::{Caller, Ended, Setup, Started, end};
use crate::faults;
use crate::frozen::Frozen;
use crate::registry::Loaded;
use crate::state::State;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use stepwright_app::InvocationLimits;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::timeout;
use wasmtime::Store;

/// Instances that wait for the calls of one component.
const WAITING: usize = 24;
/// So few left, more are made, and those that have been called are cleared away. Far apart from [`WAITING`], because
/// waking whoever does it takes a twentieth of the call that does.
const FEW: usize = 8;
/// A component that is not called for so long has none waiting.
const IDLE: Duration = Duration::from_secs(2);
/// How long making one may take.
const MAX_MAKING: Duration = Duration::from_secs(1);

/// An instance that has not been called.
struct Ready {
    store: Store<State>,
    exports: Box<Exports>,
    /// Fuel that its start functions took.
    fuel: u64,
}

/// What an instance can be asked, as far as its component exports it: looked up ahead, as it takes longer than many an
/// answer.
pub struct Exports {
    pub conditions: Option<conditions::Guest>,
    pub guards: Option<guards::Guest>,
}

/// Room among the instances that were made ahead, taken until they are cleared away.
type Place = OwnedSemaphorePermit;

/// One component's instances that wait, and those that have been called and wait to be cleared away.
#[derive(Default)]
pub struct Shelf {
    waiting: Mutex<Vec<(Ready, Place)>>,
    used: Mutex<Vec<(Store<State>, Place)>>,
    wanted: Notify,
    kept: AtomicBool,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// One that waits.
    fn take(&self) -> Option<(Ready, Place)> {
        let mut waiting = lock(&self.waiting);
        let taken = waiting.pop();
        if waiting.len() == FEW || taken.is_none() {
            self.wanted.notify_one();
        }
        taken
    }

    /// Leaves one that has been called to be cleared away by whoever keeps the shelf.
    fn leave(&self, store: Store<State>, place: Place) {
        // In this order: the room is free when the instance is gone.
        let left = (store, place);
        let mut used = lock(&self.used);
        // Under the lock: whoever gives up the shelf clears it afterwards.
        if self.kept.load(Ordering::Acquire) {
            used.push(left);
        } else {
            drop(used);
            drop(left);
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
    /// As [`Self::call`], without any capability, and with an instance that was waiting for it, where there is one.
    pub async fn call_ready<R, F>(
        self: &Arc<Self>,
        loaded: &Arc<Loaded>,
        limits: &InvocationLimits,
        context: Arc<Context>,
        run: F,
    ) -> Ended<R>
    where
        R: Send,
        F: for<'a> FnOnce(&'a mut Store<State>, Box<Exports>, Arc<Context>) -> BoxFuture<'a, wasmtime::Result<R>>
            + Send,
    {
        let turn = match self.turn(loaded.slots).await {
            Ok(turn) => turn,
            Err(fault) => return Ended::failed(fault),
        };
        self.keep_ready(loaded);
        let started = Started::now(limits);
        let made = match loaded.shelf.take() {
            Some((ready, place)) => Ok((ready, Some(place))),
            None => started.or_late(Box::pin(self.make(loaded, limits))).await.map(|ready| (ready, None)),
        };
        let (Ready { mut store, exports, fuel }, place) = match made {
            Ok(made) => made,
            Err(error) => {
                let metering = started.spent();
                let fault = faults::stopped(&error, limits, &metering, "");
                return Ended { metering, ..Ended::failed(fault) };
            }
        };
        let calling = async {
            store.data_mut().begin(limits, Frozen::Call(Arc::clone(&context)), started.deadline)?;
            store.set_fuel(limits.fuel.saturating_sub(fuel))?;
            run(&mut store, exports, context).await
        };
        let result = started.or_late(calling).await;
        let ended = end(&mut store, result, limits, started);
        match place {
            Some(place) if ended.result.is_ok() => loaded.shelf.leave(store, place),
            // What went wrong may have used much: it is cleared away at once.
            place => drop((store, place)),
        }
        drop(turn);
        ended
    }

    /// Sees to it that the component has instances waiting for as long as it is called now and then.
    fn keep_ready(self: &Arc<Self>, loaded: &Arc<Loaded>) {
        if !loaded.shelf.kept.swap(true, Ordering::AcqRel) {
            tokio::spawn(keep(Arc::downgrade(self), Arc::downgrade(loaded)));
        }
    }

    /// An instance under these limits, not called yet.
    ///
    /// # Errors
    /// What its start functions ran into.
    async fn make(&self, loaded: &Loaded, limits: &InvocationLimits) -> wasmtime::Result<Ready> {
        let setup = Setup { frozen: Some(Frozen::Unasked), ..Setup::bare(*limits) };
        let mut store = Store::new(self.engine(), self.state(setup, Started::now(limits)));
        self.arm(&mut store, limits)?;
        let instance = loaded.pre.instantiate_async(&mut store).await?;
        let fuel = limits.fuel.saturating_sub(store.get_fuel()?);
        let conditions = loaded.conditions.as_ref().map(|indices| indices.load(&mut store, &instance));
        let guards = loaded.guards.as_ref().map(|indices| indices.load(&mut store, &instance));
        let exports = Exports { conditions: conditions.transpose()?, guards: guards.transpose()? };
        Ok(Ready { store, exports: Box::new(exports), fuel })
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
        // First those that are needed; where there is no room for more, what was used makes some.
        caller.fill(&component).await;
        component.shelf.clear();
        caller.fill(&component).await;
        if timeout(IDLE, component.shelf.wanted.notified()).await.is_err() {
            component.shelf.give_up();
            return;
        }
    }
}
