//! The port's implementation: finds the component, makes the call, checks what comes back.

use crate::bindings::{steps, types};
use crate::cache::Cache;
use crate::call::{Caller, Ended, Setup};
use crate::compile::Compiler;
use crate::config::{MAX_MEMORY, SandboxConfig};
use crate::egress::Egress;
use crate::engine::{self, Profile, Ticker};
use crate::faults::{CAPABILITY_DENIED, COMPONENT_UNUSABLE};
use crate::inspect;
use crate::limits::clamp;
use crate::outcome;
use crate::registry::{Loaded, Registry};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Instant;
use stepwright_app::ports::{CallContext, ComponentSource, Sandbox, SandboxError, StepCall, StepResult};
use stepwright_app::{ComponentInfo, Environment, FieldFault, Grants, InvocationLimits};
use stepwright_engine::{Fault, Outcome, RawJson};
use wasmtime::Engine;

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("could not set up the engine: {0:#}")]
    Engine(wasmtime::Error),
    #[error("could not open the cache of compiled components: {0}")]
    Cache(std::io::Error),
    #[error("could not start the clock of the sandbox: {0}")]
    Ticker(std::io::Error),
    #[error("could not set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// What the pool holds right now. All zero when nothing runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// Slots that calls hold.
    pub slots: u32,
    pub component_instances: u64,
    pub core_instances: u64,
    pub memories: usize,
    pub tables: usize,
    pub stacks: usize,
}

/// Runs components in wasmtime.
pub struct WasmSandbox {
    engine: Engine,
    registry: Registry,
    caller: Caller,
    ceilings: InvocationLimits,
    max_component: u64,
    _ticker: Ticker,
}

impl WasmSandbox {
    /// A sandbox that takes components from `source`.
    ///
    /// # Errors
    /// When the engine, the cache or TLS cannot be set up.
    pub fn new(config: SandboxConfig, source: Arc<dyn ComponentSource>) -> Result<Self, SetupError> {
        let pool = config.pool.max(1);
        let engine = engine::runner(Profile::Steps, pool).map_err(SetupError::Engine)?;
        let cache = Cache::open(&config.cache_dir, &config.mac_key, engine::fingerprint(&engine), config.cache_bytes)
            .map_err(SetupError::Cache)?;
        let compiler = Compiler::new(config.compile, engine.clone());
        let egress = Arc::new(Egress::new(config.egress)?);
        let ceilings = clamp(config.ceilings, InvocationLimits { memory: MAX_MEMORY, ..config.ceilings });
        Ok(Self {
            _ticker: Ticker::start(&engine).map_err(SetupError::Ticker)?,
            registry: Registry::new(
                engine.clone(),
                cache,
                compiler,
                source,
                config.max_loaded,
                config.max_loaded_bytes,
            ),
            caller: Caller::new(engine.clone(), egress, pool, config.max_wait),
            engine,
            ceilings,
            max_component: config.max_component,
        })
    }

    /// Loads components before they are called for, all at once; gives those that could not be loaded.
    pub async fn preload(&self, digests: &[String]) -> Vec<(String, Fault)> {
        let loads = digests.iter().map(|digest| async { (digest.clone(), self.registry.get(digest).await.err()) });
        let loaded = futures_util::future::join_all(loads).await;
        loaded.into_iter().filter_map(|(digest, fault)| Some((digest, fault?))).collect()
    }

    /// Components that are ready to run.
    pub fn loaded(&self) -> usize {
        self.registry.loaded()
    }

    /// What the pool holds right now.
    pub fn pool_use(&self) -> PoolUse {
        let slots = self.caller.busy();
        self.engine.pooling_allocator_metrics().map_or_else(PoolUse::default, |pool| PoolUse {
            slots,
            component_instances: pool.component_instances(),
            core_instances: pool.core_instances(),
            memories: pool.memories(),
            tables: pool.tables(),
            stacks: pool.stacks(),
        })
    }

    async fn component(&self, digest: &str, grants: &Grants) -> Result<Arc<Loaded>, Fault> {
        let loaded = self.registry.get(digest).await?;
        if !loaded.doors.is_empty() {
            let open = grants.capabilities();
            let closed: Vec<&str> = loaded.doors.difference(&open).map(|door| door.as_str()).collect();
            if !closed.is_empty() {
                let reason = format!("the component imports capabilities that are not granted: {}", closed.join(", "));
                let info = serde_json::json!({ "missing": closed });
                return Err(Fault::permanent(CAPABILITY_DENIED, reason).with_info(info));
            }
        }
        Ok(loaded)
    }

    async fn run(&self, call: StepCall) -> StepResult {
        let loaded = match self.component(&call.digest, &call.grants).await {
            Ok(loaded) => loaded,
            Err(fault) => return StepResult::failed(fault, call.session),
        };
        let Some(indices) = loaded.steps.clone() else {
            return StepResult::failed(no_steps(), call.session);
        };
        let limits = clamp(call.limits, self.ceilings);
        let arguments = steps::Call {
            step: call.step,
            context: context(call.context, &limits),
            config: call.config.as_str().to_owned(),
            input: call.input.as_str().to_owned(),
            resume: call.resume.map(|json| json.as_str().to_owned()),
        };
        let setup = Setup { session: Some(call.session), grants: call.grants, secrets: call.secrets, limits };
        let ended = self
            .caller
            .call(&loaded, setup, |store, instance| {
                Box::pin(async move {
                    let steps = indices.load(&mut *store, &instance)?;
                    steps.call_run(store, &arguments).await
                })
            })
            .await;
        let Ended { result, metering, logs, session } = ended;
        let Some(session) = session else { unreachable!("a call gives back the session that it was given") };
        let outcome = result.and_then(|wit| outcome::outcome(wit, &limits)).unwrap_or_else(Outcome::Failed);
        StepResult { outcome, metering, logs, session }
    }
}

#[async_trait]
impl Sandbox for WasmSandbox {
    async fn inspect(&self, bytes: Vec<u8>) -> Result<ComponentInfo, SandboxError> {
        inspect::inspect(&self.registry, &self.caller, self.max_component, bytes).await
    }

    async fn validate_step(&self, call: StepCall) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        let loaded = self.component(&call.digest, &call.grants).await?;
        let indices = loaded.steps.clone().ok_or_else(no_steps)?;
        let limits = clamp(call.limits, self.ceilings);
        let context = context(call.context, &limits);
        let (step, config) = (call.step, call.config.as_str().to_owned());
        let setup = Setup { session: Some(call.session), grants: call.grants, secrets: call.secrets, limits };
        let ended = self
            .caller
            .call(&loaded, setup, |store, instance| {
                Box::pin(async move {
                    let steps = indices.load(&mut *store, &instance)?;
                    steps.call_validate(store, &step, &config, &context).await
                })
            })
            .await;
        outcome::validation(ended.result?, &limits)
    }

    async fn run_step(&self, call: StepCall) -> StepResult {
        let started = Instant::now();
        let result = self.run(call).await;
        let outcome = match &result.outcome {
            Outcome::Completed { .. } => "completed",
            Outcome::Skipped { .. } => "skipped",
            Outcome::Failed(_) => "failed",
            Outcome::Waiting { .. } => "waiting",
            Outcome::Defer { .. } => "deferred",
        };
        metrics::counter!("stepwright_sandbox_calls_total", "outcome" => outcome).increment(1);
        metrics::counter!("stepwright_sandbox_fuel_total").increment(result.metering.fuel);
        metrics::histogram!("stepwright_sandbox_call_seconds").record(started.elapsed().as_secs_f64());
        result
    }
}

fn no_steps() -> Fault {
    Fault::permanent(COMPONENT_UNUSABLE, "the component has no steps")
}

fn context(call: CallContext, limits: &InvocationLimits) -> types::Context {
    let environment = match call.environment {
        Environment::Live => types::Environment::Live,
        Environment::Test => types::Environment::Test,
    };
    types::Context {
        tenant: types::Tenant { id: call.tenant_id.to_string(), environment },
        dialect: call.dialect,
        execution_id: call.execution_id,
        definition_id: call.definition_id,
        node_id: call.node_id,
        attempt: call.attempt,
        dedupe_key: call.dedupe_key,
        now: call.now,
        timezone: call.timezone,
        locale: None,
        actor: call.actor,
        deadline_ms: limits.wall_ms,
    }
}
