//! The port's implementation: finds the component, makes the call, checks what comes back.

use crate::bindings::{steps, types};
use crate::call::{Ended, Setup};
use crate::config::{MAX_MEMORY, SandboxConfig};
use crate::egress::Egress;
use crate::engine::Profile;
use crate::faults::COMPONENT_UNUSABLE;
use crate::inspect;
use crate::limits::clamp;
use crate::outcome;
use crate::registry::Loaded;
use crate::room::Room;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Instant;
use stepwright_app::ports::{
    AgentCall, AgentEnded, CallContext, ComponentSource, ConditionCall, Evaluated, GuardCall, GuardDecision, Sandbox,
    SandboxError, StepCall, StepResult,
};
use stepwright_app::{ComponentInfo, Environment, FieldFault, Grants, InvocationLimits};
use stepwright_engine::{Fault, Outcome, RawJson};

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
    steps: Room,
    /// Conditions and guards.
    pub(crate) deterministic: Room,
    /// Agents: deterministic too, but there for as long as what they wait for takes.
    pub(crate) agents: Room,
    pub(crate) ceilings: InvocationLimits,
    max_component: u64,
}

/// Slots for conditions and guards at most: each is there for milliseconds.
const MAX_DETERMINISTIC: u32 = 64;
/// Instances that wait for the calls of conditions and guards, at most.
const SPARE: u32 = 64;
/// Slots for agents at most. One that waits for a person has none.
const MAX_AGENTS: u32 = 64;

impl WasmSandbox {
    /// A sandbox that takes components from `source`.
    ///
    /// # Errors
    /// When the engine, the cache or TLS cannot be set up.
    pub fn new(config: SandboxConfig, source: Arc<dyn ComponentSource>) -> Result<Self, SetupError> {
        let slots = config.pool.max(1);
        let egress = Arc::new(Egress::new(config.egress.clone())?);
        let ceilings = clamp(config.ceilings, InvocationLimits { memory: MAX_MEMORY, ..config.ceilings });
        let room = |profile, slots, spare| {
            Room::open(profile, slots, spare, &config, Arc::clone(&egress), Arc::clone(&source))
        };
        Ok(Self {
            steps: room(Profile::Steps, slots, 0)?,
            deterministic: room(Profile::Deterministic, slots.min(MAX_DETERMINISTIC), SPARE)?,
            agents: room(Profile::Deterministic, slots.min(MAX_AGENTS), 0)?,
            ceilings,
            max_component: config.max_component,
        })
    }

    /// Loads components before they are called for, all at once: those whose steps will be called, and those whose
    /// conditions and guards will. Gives those that could not be loaded.
    pub async fn preload(&self, steps: &[String], deterministic: &[String]) -> Vec<(String, Fault)> {
        let here = |room| move |digest| (room, digest);
        let wanted = steps.iter().map(here(&self.steps)).chain(deterministic.iter().map(here(&self.deterministic)));
        let loads = wanted.map(|(room, digest)| async { (digest.clone(), room.registry.get(digest).await.err()) });
        let loaded = futures_util::future::join_all(loads).await;
        loaded.into_iter().filter_map(|(digest, fault)| Some((digest, fault?))).collect()
    }

    /// Components that are ready to run.
    pub fn loaded(&self) -> usize {
        [&self.steps, &self.deterministic, &self.agents].iter().map(|room| room.registry.loaded()).sum()
    }

    /// What the pool holds right now.
    pub fn pool_use(&self) -> PoolUse {
        let mut sum = PoolUse::default();
        for room in [&self.steps, &self.deterministic, &self.agents] {
            sum.slots += room.caller.busy();
            if let Some(pool) = room.engine.pooling_allocator_metrics() {
                sum.component_instances += pool.component_instances();
                sum.core_instances += pool.core_instances();
                sum.memories += pool.memories();
                sum.tables += pool.tables();
                sum.stacks += pool.stacks();
            }
        }
        sum
    }

    async fn component(&self, digest: &str, grants: &Grants) -> Result<Arc<Loaded>, Fault> {
        self.steps.component(digest, &grants.capabilities()).await
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
        let setup = Setup {
            session: Some(call.session),
            agent: None,
            grants: call.grants,
            secrets: call.secrets,
            limits,
            frozen: None,
        };
        let ended = self
            .steps
            .caller
            .call(&loaded, setup, |store, instance| {
                Box::pin(async move {
                    let steps = indices.load(&mut *store, &instance)?;
                    steps.call_run(store, &arguments).await
                })
            })
            .await;
        let Ended { result, metering, logs, session, agent: _ } = ended;
        let Some(session) = session else { unreachable!("a call gives back the session that it was given") };
        let outcome = result.and_then(|wit| outcome::outcome(wit, &limits)).unwrap_or_else(Outcome::Failed);
        StepResult { outcome, metering, logs, session }
    }
}

#[async_trait]
impl Sandbox for WasmSandbox {
    async fn inspect(&self, bytes: Vec<u8>) -> Result<ComponentInfo, SandboxError> {
        let room = |profile| match profile {
            Profile::Steps => &self.steps,
            Profile::Deterministic => &self.deterministic,
        };
        inspect::inspect(room, self.max_component, bytes).await
    }

    async fn validate_step(&self, call: StepCall) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        let loaded = self.component(&call.digest, &call.grants).await?;
        let indices = loaded.steps.clone().ok_or_else(no_steps)?;
        let limits = clamp(call.limits, self.ceilings);
        let context = context(call.context, &limits);
        let (step, config) = (call.step, call.config.as_str().to_owned());
        let setup = Setup {
            session: Some(call.session),
            agent: None,
            grants: call.grants,
            secrets: call.secrets,
            limits,
            frozen: None,
        };
        let ended = self
            .steps
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

    async fn evaluate(&self, call: ConditionCall) -> Evaluated {
        self.ask_conditions(call).await
    }

    async fn validate_condition(
        &self,
        digest: &str,
        condition: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        self.check_condition(digest, condition, config, limits).await
    }

    async fn check_guard(&self, call: GuardCall) -> Result<GuardDecision, Fault> {
        self.ask_guard(call).await
    }

    async fn run_agent(&self, call: AgentCall) -> AgentEnded {
        self.run_agent_call(call).await
    }

    async fn validate_agent(
        &self,
        digest: &str,
        agent: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
        self.check_agent(digest, agent, config, limits).await
    }
}

fn no_steps() -> Fault {
    Fault::permanent(COMPONENT_UNUSABLE, "the component has no steps")
}

pub(crate) fn context(call: CallContext, limits: &InvocationLimits) -> types::Context {
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
