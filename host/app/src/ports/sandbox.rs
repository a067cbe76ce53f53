//! The sandbox as the application sees it.

use super::agent::AgentHost;
use crate::error::FieldFault;
use crate::model::{ComponentInfo, Environment, Grants, InvocationLimits};
use crate::session::Session;
use async_trait::async_trait;
use std::sync::Arc;
use stepwright_engine::flow::Operand;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Fault, Metering, Outcome, RawJson, TenantId};

/// Where, when and for whom a call happens (source: wit/types@0.1.0 `context`).
#[derive(Clone, Debug)]
pub struct CallContext {
    pub tenant_id: TenantId,
    pub environment: Environment,
    pub dialect: String,
    /// Empty while a config is validated or a plugin tried out.
    pub execution_id: String,
    pub definition_id: Option<String>,
    pub node_id: Option<String>,
    pub attempt: u32,
    pub dedupe_key: String,
    /// RFC 3339 UTC.
    pub now: String,
    pub timezone: String,
    pub actor: String,
}

/// One call of a step.
pub struct StepCall {
    /// Hex SHA-256 of the component.
    pub digest: String,
    pub step: String,
    pub context: CallContext,
    pub config: RawJson,
    pub input: RawJson,
    pub resume: Option<RawJson>,
    pub grants: Arc<Grants>,
    pub limits: InvocationLimits,
    /// Secret values by name, only those granted.
    pub secrets: Arc<std::collections::BTreeMap<String, String>>,
    /// What the guest's host calls read from and stage into.
    pub session: Session,
}

/// One question to a condition plugin.
#[derive(Clone, Debug)]
pub struct ConditionQuestion {
    /// The condition's id within the plugin.
    pub condition: String,
    pub config: RawJson,
    pub operands: Vec<Operand>,
}

/// All questions of a decision to one plugin, in one call.
pub struct ConditionCall {
    /// Hex SHA-256 of the component.
    pub digest: String,
    pub context: CallContext,
    pub questions: Vec<ConditionQuestion>,
    pub limits: InvocationLimits,
}

/// A condition's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub met: bool,
    pub explain: String,
}

/// What came of asking a condition plugin.
pub struct Evaluated {
    /// As many verdicts as there were questions, in their order.
    pub verdicts: Result<Vec<Verdict>, Fault>,
    pub metering: Metering,
    pub logs: Vec<LogLine>,
}

/// A transition that a guard is asked about (source: wit/guard@0.1.0 `transition`).
#[derive(Clone, Debug)]
pub struct GuardedTransition {
    pub action: String,
    pub actor: String,
    pub actor_kind: String,
    pub from_status: String,
    pub to_status: String,
    pub from_stage: Option<String>,
    pub to_stage: Option<String>,
    pub workflow_type: String,
    /// What the tenant has bound the guard with.
    pub config: RawJson,
    /// The requested change.
    pub patch: RawJson,
    /// The record as it stands.
    pub record: RawJson,
    /// The newest history events, oldest first.
    pub history: Vec<RawJson>,
}

/// One call of a guard.
pub struct GuardCall {
    /// Hex SHA-256 of the component.
    pub digest: String,
    /// The guard's id within the plugin.
    pub guard: String,
    pub context: CallContext,
    pub transition: GuardedTransition,
    pub limits: InvocationLimits,
}

/// A guard's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum GuardDecision {
    Allow,
    AllowWith {
        /// Merged into the record's state.
        state_patch: Option<RawJson>,
        /// RFC 3339.
        next_action_at: Option<String>,
        escalation_level: Option<u32>,
    },
    Deny {
        code: String,
        reason: String,
    },
}

/// One activation of an agent's run.
pub struct AgentCall {
    /// Hex SHA-256 of the component.
    pub digest: String,
    /// The agent's id within the plugin.
    pub agent: String,
    /// The same in every activation.
    pub context: CallContext,
    pub config: RawJson,
    pub limits: InvocationLimits,
    /// Answers what the agent asks.
    pub host: Box<dyn AgentHost>,
}

/// What an agent has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConclusion {
    pub outcome: Option<String>,
    pub response: String,
    pub output: RawJson,
    pub entities: Vec<EntityRef>,
}

/// What came of an activation.
pub struct AgentEnded {
    /// A fault also when the host has taken the instance away; the host knows why.
    pub result: Result<AgentConclusion, Fault>,
    pub metering: Metering,
    pub logs: Vec<LogLine>,
    pub host: Box<dyn AgentHost>,
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// A line the guest has written, through `log` or to standard output or error.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
}

/// What came of a call. A trap, a limit or a missing component is `Outcome::Failed` with a fault that says so.
pub struct StepResult {
    pub outcome: Outcome,
    pub metering: Metering,
    pub logs: Vec<LogLine>,
    /// With everything staged; the caller drops it when the outcome is a failure.
    pub session: Session,
}

/// A component that cannot be published, with every reason.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("not a usable component: {}", faults.join("; "))]
pub struct ComponentRejected {
    pub faults: Vec<String>,
}

/// Why inspecting failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SandboxError {
    #[error(transparent)]
    Rejected(#[from] ComponentRejected),
    #[error("sandbox unavailable: {0}")]
    Unavailable(String),
}

/// Where component bytes come from: the database, or the built-ins in the binary.
#[async_trait]
pub trait ComponentSource: Send + Sync {
    /// The bytes with this hex SHA-256.
    ///
    /// # Errors
    /// A text for logs when the source cannot be read.
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, String>;
}

/// Runs components.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Compiles (in a limited child process), checks worlds and imports, and asks the component to describe itself.
    async fn inspect(&self, bytes: Vec<u8>) -> Result<ComponentInfo, SandboxError>;

    /// Lets a step check and normalise a config. The config has already passed the step's JSON Schema.
    ///
    /// # Errors
    /// `Err(fault)` when the component could not answer; `Ok(Err(faults))` when it refuses the config.
    async fn validate_step(&self, call: StepCall) -> Result<Result<RawJson, Vec<FieldFault>>, Fault>;

    /// Runs a step in a fresh instance under all limits. Never panics on guest behaviour.
    async fn run_step(&self, call: StepCall) -> StepResult;

    /// Asks a condition plugin, in a fresh instance of the deterministic profile, without any capability.
    async fn evaluate(&self, call: ConditionCall) -> Evaluated;

    /// Lets a condition check and normalise a config.
    ///
    /// # Errors
    /// `Err(fault)` when the component could not answer; `Ok(Err(faults))` when it refuses the config.
    async fn validate_condition(
        &self,
        digest: &str,
        condition: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault>;

    /// Asks a guard, in a fresh instance of the deterministic profile, without any capability.
    ///
    /// # Errors
    /// When it could not answer; the caller then refuses the transition.
    async fn check_guard(&self, call: GuardCall) -> Result<GuardDecision, Fault>;

    /// Runs an agent from its beginning, in a fresh instance of the deterministic profile, without any capability.
    async fn run_agent(&self, call: AgentCall) -> AgentEnded;

    /// Lets an agent check and normalise a config.
    ///
    /// # Errors
    /// `Err(fault)` when the component could not answer; `Ok(Err(faults))` when it refuses the config.
    async fn validate_agent(
        &self,
        digest: &str,
        agent: &str,
        config: &RawJson,
        limits: InvocationLimits,
    ) -> Result<Result<RawJson, Vec<FieldFault>>, Fault>;
}

impl StepResult {
    /// A failed call that used nothing.
    pub fn failed(fault: Fault, session: Session) -> Self {
        Self { outcome: Outcome::Failed(fault), metering: Metering::default(), logs: Vec::new(), session }
    }
}
