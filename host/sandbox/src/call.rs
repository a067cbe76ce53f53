//! One call into a component: a fresh instance under all limits, metered, and never more than a fault on failure.

use crate::egress::{Egress, Outbound};
use crate::engine::{FUEL_TURN, Profile};
use crate::faults;
use crate::frozen::Frozen;
use crate::limits::{HostCalls, LimitHit, MAX_HANDLES, MAX_TRANSFER};
use crate::logs;
use crate::registry::Loaded;
use crate::state::State;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwright_app::ports::{AgentHost, LogLine};
use stepwright_app::session::Session;
use stepwright_app::{Grants, InvocationLimits};
use stepwright_engine::{Fault, Metering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{timeout, timeout_at};
use wasmtime::component::Instance;
use wasmtime::{Engine, Store, UpdateDeadline};

/// What a call works with.
pub struct Setup {
    /// None while a component describes itself.
    pub session: Option<Session>,
    /// For agents.
    pub agent: Option<Box<dyn AgentHost>>,
    pub grants: Arc<Grants>,
    pub secrets: Arc<BTreeMap<String, String>>,
    /// Already below the operator's ceilings.
    pub limits: InvocationLimits,
    /// For the deterministic profile.
    pub frozen: Option<Frozen>,
}

impl Setup {
    /// With nothing to read, to stage or to ask.
    pub fn bare(limits: InvocationLimits) -> Self {
        let (grants, secrets) = (Arc::default(), Arc::default());
        Self { session: None, agent: None, grants, secrets, limits, frozen: None }
    }
}

/// What came of a call.
pub struct Ended<R> {
    pub result: Result<R, Fault>,
    pub metering: Metering,
    pub logs: Vec<LogLine>,
    pub session: Option<Session>,
    pub agent: Option<Box<dyn AgentHost>>,
}

/// Runs calls: slots, store, limits.
pub struct Caller {
    engine: Engine,
    profile: Profile,
    egress: Arc<Egress>,
    slots: Arc<Semaphore>,
    pool: u32,
    /// Slots for instances that wait for their call.
    spare: Arc<Semaphore>,
    max_wait: Duration,
}

impl Caller {
    pub fn new(
        engine: Engine,
        profile: Profile,
        egress: Arc<Egress>,
        pool: u32,
        spare: u32,
        max_wait: Duration,
    ) -> Self {
        let [slots, spare] = [pool, spare].map(|count| Arc::new(Semaphore::new(count as usize)));
        Self { engine, profile, egress, slots, pool, spare, max_wait }
    }

    /// Instantiates the component and lets `run` call into it.
    pub async fn call<R, F>(&self, loaded: &Loaded, setup: Setup, run: F) -> Ended<R>
    where
        R: Send,
        F: for<'a> FnOnce(&'a mut Store<State>, Instance) -> BoxFuture<'a, wasmtime::Result<R>> + Send,
    {
        let turn = match self.turn(loaded.slots).await {
            Ok(turn) => turn,
            Err(fault) => return Ended::never(fault, setup),
        };
        let started = Started::now(&setup.limits);
        let limits = setup.limits;
        let mut store = Store::new(&self.engine, self.state(setup, started));
        let armed = self.arm(&mut store, &limits);
        let calling = async {
            armed?;
            let instance = loaded.pre.instantiate_async(&mut store).await?;
            run(&mut store, instance).await
        };
        let result = started.or_late(calling).await;
        let ended = end(&mut store, result, &limits, started);
        drop((store, turn));
        ended
    }

    pub(crate) fn state(&self, setup: Setup, started: Started) -> State {
        let Setup { session, agent, grants, secrets, limits, frozen } = setup;
        let host_calls = HostCalls::new(limits.host_calls);
        let egress = Arc::clone(&self.egress);
        let outbound = Outbound::new(egress, grants, secrets, &limits, host_calls.clone(), started.deadline);
        State::new(session, agent, outbound, &limits, host_calls, started.deadline, frozen)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sets all limits of a store.
    pub(crate) fn arm(&self, store: &mut Store<State>, limits: &InvocationLimits) -> wasmtime::Result<()> {
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(MAX_TRANSFER);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_fuel(limits.fuel)?;
        match self.profile {
            Profile::Steps => {
                // From the first tick on: a later first deadline would let a guest compute until then without
                // yielding once.
                store.set_epoch_deadline(1);
                store.epoch_deadline_callback(|store| {
                    store.data().may_go_on()?;
                    Ok(UpdateDeadline::Yield(1))
                });
                Ok(())
            }
            // Each time it yields, the time-out around the call looks at the clock.
            Profile::Deterministic => store.fuel_async_yield_interval(Some(FUEL_TURN)),
        }
    }

    pub(crate) fn spare(&self) -> &Arc<Semaphore> {
        &self.spare
    }

    /// Waits for slots of the pool; the pool itself would fail instead of waiting.
    pub(crate) async fn turn(&self, slots: u32) -> Result<OwnedSemaphorePermit, Fault> {
        let busy = || Fault::transient(faults::SANDBOX_BUSY, "all of the sandbox's instances are in use");
        let slots = slots.min(self.pool);
        if let Ok(turn) = Arc::clone(&self.slots).try_acquire_many_owned(slots) {
            return Ok(turn);
        }
        let waiting = Counted::new("stepwright_sandbox_waiting");
        // Boxed: rarely needed, and else part of every call's future.
        let turn = Box::pin(timeout(self.max_wait, Arc::clone(&self.slots).acquire_many_owned(slots))).await;
        drop(waiting);
        turn.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Slots in use.
    pub fn busy(&self) -> u32 {
        self.pool - u32::try_from(self.slots.available_permits()).unwrap_or(self.pool).min(self.pool)
    }
}

impl<R> Ended<R> {
    /// A call that was not made, and had nothing to give back.
    pub fn failed(fault: Fault) -> Self {
        Self { result: Err(fault), metering: Metering::default(), logs: Vec::new(), session: None, agent: None }
    }

    /// A call that was not made.
    fn never(fault: Fault, setup: Setup) -> Self {
        let Setup { session, agent, .. } = setup;
        Self { session, agent, ..Self::failed(fault) }
    }
}

/// When a call's turn came, and when it must have ended.
///
/// While the guest computes, the epoch or its fuel makes it yield and the clock is looked at; while it waits in a host
/// call, the time-out around everything ends it. Neither is enough alone.
#[derive(Clone, Copy)]
pub struct Started {
    at: Instant,
    pub deadline: Instant,
}

impl Started {
    pub fn now(limits: &InvocationLimits) -> Self {
        let at = Instant::now();
        Self { at, deadline: at + Duration::from_millis(limits.wall_ms.into()) }
    }

    /// Not an `async fn`: that would hold the work twice, and what it holds is moved for every call.
    pub fn or_late<T>(
        self,
        work: impl Future<Output = wasmtime::Result<T>>,
    ) -> impl Future<Output = wasmtime::Result<T>> {
        let running = Counted::new("stepwright_sandbox_running");
        timeout_at(self.deadline.into(), work).map(move |result| {
            drop(running);
            result.unwrap_or_else(|_| Err(LimitHit::WallTime.into()))
        })
    }

    pub fn spent(self) -> Metering {
        let wall_us = u64::try_from(self.at.elapsed().as_micros()).unwrap_or(u64::MAX);
        Metering { wall_us, ..Metering::default() }
    }
}

/// What came of a call whose guest's work has ended.
///
/// A loop without calls keeps its fuel in a register: when the clock stops it, the fuel since the loop began is not
/// counted. Wall time always is.
pub fn end<R>(
    store: &mut Store<State>,
    result: wasmtime::Result<R>,
    limits: &InvocationLimits,
    started: Started,
) -> Ended<R> {
    let result = result.and_then(|answer| Ok(store.data().host_calls.check().map(|()| answer)?));
    let left = store.get_fuel().unwrap_or_default();
    let state = store.data_mut();
    let metering = Metering {
        fuel: limits.fuel.saturating_sub(left),
        peak_memory: state.meter.peak_memory(),
        host_calls: state.host_calls.made(),
        ..started.spent()
    };
    let mut logs = logs::lock(&state.logs);
    let result = result.map_err(|error| faults::stopped(&error, limits, &metering, &logs.panic_text()));
    let lines = logs.take();
    drop(logs);
    Ended { result, metering, logs: lines, session: state.session.take(), agent: state.agent.take() }
}

/// One more in a gauge until it is dropped, also when its call is given up.
struct Counted(&'static str);

impl Counted {
    fn new(gauge: &'static str) -> Self {
        metrics::gauge!(gauge).increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!(self.0).decrement(1.0);
    }
}
