//! One call into a component: a fresh instance under all limits, metered, and never more than a fault on failure.

use crate::egress::{Egress, Outbound};
use crate::faults;
use crate::frozen::Frozen;
use crate::limits::{HostCalls, LimitHit, MAX_HANDLES, MAX_TRANSFER};
use crate::logs;
use crate::registry::Loaded;
use crate::state::State;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwright_app::ports::{AgentHost, LogLine};
use stepwright_app::session::Session;
use stepwright_app::{Grants, InvocationLimits};
use stepwright_engine::{Fault, Metering};
use tokio::sync::{Semaphore, SemaphorePermit};
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
    egress: Arc<Egress>,
    slots: Semaphore,
    pool: u32,
    max_wait: Duration,
}

impl Caller {
    pub fn new(engine: Engine, egress: Arc<Egress>, pool: u32, max_wait: Duration) -> Self {
        Self { engine, egress, slots: Semaphore::new(pool as usize), pool, max_wait }
    }

    /// Instantiates the component and lets `run` call into it.
    ///
    /// The clock starts when it is the call's turn. While the guest computes, the epoch makes it yield and look at
    /// the clock; while it waits in a host call, the time-out around everything ends it. Neither is enough alone.
    pub async fn call<R, F>(&self, loaded: &Loaded, setup: Setup, run: F) -> Ended<R>
    where
        R: Send,
        F: for<'a> FnOnce(&'a mut Store<State>, Instance) -> BoxFuture<'a, wasmtime::Result<R>> + Send,
    {
        let Setup { session, agent, grants, secrets, limits, frozen } = setup;
        let _turn = match self.turn(loaded.slots).await {
            Ok(turn) => turn,
            Err(fault) => {
                let (metering, logs) = (Metering::default(), Vec::new());
                return Ended { result: Err(fault), metering, logs, session, agent };
            }
        };
        let _running = Counted::new("stepwright_sandbox_running");
        let started = Instant::now();
        let deadline = started + Duration::from_millis(limits.wall_ms.into());
        let host_calls = HostCalls::new(limits.host_calls);
        let outbound = Outbound::new(Arc::clone(&self.egress), grants, secrets, &limits, host_calls.clone(), deadline);
        let state = State::new(session, agent, outbound, &limits, host_calls, deadline, frozen.as_ref());
        let mut store = Store::new(&self.engine, state);
        let armed = arm(&mut store, &limits);
        let calling = async {
            armed?;
            let instance = loaded.pre.instantiate_async(&mut store).await?;
            run(&mut store, instance).await
        };
        let result = match timeout_at(deadline.into(), calling).await {
            Ok(result) => result,
            Err(_) => Err(LimitHit::WallTime.into()),
        };
        let result = result.and_then(|answer| Ok(store.data().host_calls.check().map(|()| answer)?));
        // The guest's work ends here. A loop without calls keeps its fuel in a register: when the clock stops it, the
        // fuel since the loop began is not counted. Wall time always is.
        let elapsed = started.elapsed();
        let left = store.get_fuel().unwrap_or_default();
        let state = store.into_data();
        let metering = Metering {
            fuel: limits.fuel.saturating_sub(left),
            peak_memory: state.meter.peak_memory(),
            host_calls: state.host_calls.made(),
            wall_us: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        };
        let mut logs = logs::lock(&state.logs);
        let result = result.map_err(|error| faults::stopped(&error, &limits, &metering, &logs.panic_text()));
        let lines = logs.take();
        drop(logs);
        Ended { result, metering, logs: lines, session: state.session, agent: state.agent }
    }

    /// Waits for slots of the pool; the pool itself would fail instead of waiting.
    async fn turn(&self, slots: u32) -> Result<SemaphorePermit<'_>, Fault> {
        let busy = || Fault::transient(faults::SANDBOX_BUSY, "all of the sandbox's instances are in use");
        let slots = slots.min(self.pool);
        if let Ok(turn) = self.slots.try_acquire_many(slots) {
            return Ok(turn);
        }
        let waiting = Counted::new("stepwright_sandbox_waiting");
        let turn = timeout(self.max_wait, self.slots.acquire_many(slots)).await;
        drop(waiting);
        turn.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Slots in use.
    pub fn busy(&self) -> u32 {
        self.pool - u32::try_from(self.slots.available_permits()).unwrap_or(self.pool).min(self.pool)
    }
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

/// Sets all limits of a store.
fn arm(store: &mut Store<State>, limits: &InvocationLimits) -> wasmtime::Result<()> {
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(MAX_TRANSFER);
    store.set_max_component_handles(MAX_HANDLES);
    // From the first tick on: a later first deadline would let a guest compute until then without yielding once.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        store.data().may_go_on()?;
        Ok(UpdateDeadline::Yield(1))
    });
    store.set_fuel(limits.fuel)
}
