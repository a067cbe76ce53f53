//! Running one tool.

use super::catalog::{Tool, ToolKind};
use super::foreign::Foreign;
use super::host::Around;
use crate::caches::EnabledPlugin;
use crate::driver::{call_input, pinned_plugin};
use crate::error::FieldFault;
use crate::model::{AgentRun, Effects, Grants, UsageDelta};
use crate::ports::{CallContext, StepCall, StepResult, ToolError, ToolResult};
use crate::session::{HostError, MailPolicy, Session, SessionScope, StagedStart, TaskKey};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::{Fault, Outcome, RawJson};

/// A fault code of the sandbox that is the host's doing.
const BUSY: &str = "SANDBOX_BUSY";
/// How long a step may put itself off within one call.
const MAX_PUT_OFF: Duration = Duration::from_secs(60);

/// What came of a tool.
pub(super) struct Ran {
    pub result: Result<ToolResult, ToolError>,
    pub effects: Effects,
    pub starts: Vec<StagedStart>,
    pub usage: UsageDelta,
    /// A step that has put itself off: what it has staged is to be committed, and it runs again then.
    pub again: Option<Duration>,
}

impl Ran {
    /// Nothing was done.
    pub(super) fn refused(error: ToolError) -> Self {
        let (effects, starts, usage) = (Effects::default(), Vec::new(), UsageDelta::default());
        Self { result: Err(error), effects, starts, usage, again: None }
    }
}

/// A call of a tool, ready to be made, as often as it takes.
#[derive(Clone)]
pub(super) struct Calling {
    pub around: Around,
    pub run: Arc<AgentRun>,
    pub ordinal: u32,
    pub tool: Tool,
    pub arguments: Map<String, Value>,
}

impl Calling {
    /// Makes the call once. Nothing of it is kept before what it has staged is committed.
    pub(super) async fn run(&self) -> Ran {
        match &self.tool.kind {
            ToolKind::EntitiesGet | ToolKind::EntitiesList | ToolKind::EntitiesPut => self.entities().await,
            ToolKind::Step { plugin, step, digest, reaches_out } => match self.step_call(plugin, step, digest) {
                Ok(call) => {
                    let mut ran = self.step(call).await;
                    if let (Ok(done), true) = (&mut ran.result, *reaches_out) {
                        done.untrusted = Some(format!("http:{plugin}"));
                    }
                    ran
                }
                Err(fault) => Ran::refused(ToolError::Failed(fault)),
            },
            ToolKind::Foreign { server, tool, pinned, access, changed } => {
                self.foreign(Foreign { server, tool, pinned: *pinned, access, changed: *changed }).await
            }
        }
    }

    fn scope(&self, plugin: String) -> SessionScope {
        let execution = &self.around.execution;
        SessionScope {
            tenant_id: self.run.tenant_id,
            plugin,
            task: Some((execution.id, TaskKey::of_tool_call(&self.run.id, self.ordinal))),
            definition: Some(self.around.definition.id),
            ordinal: u64::from(self.ordinal),
            depth: execution.trigger.parent.map_or(0, |(_, depth)| depth),
            now: self.around.app.now(),
            mail: MailPolicy::of(&self.around.view.tenant),
        }
    }

    fn session(&self, plugin: String, grants: Arc<Grants>) -> Session {
        let app = &self.around.app;
        Session::new(app.shared_store(), Arc::clone(app.ids()), self.scope(plugin), grants)
    }

    async fn entities(&self) -> Ran {
        let entities = self.run.agent.grants.entities.clone();
        let grants = Arc::new(Grants { entities, ..Grants::default() });
        let mut session = self.session(format!("agent:{}", self.run.agent.name), grants);
        let text = |name: &str| self.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let shown = |entity: crate::model::Entity| {
            let attributes = entity.attributes.to_value();
            json!({ "schema": entity.schema, "id": entity.id, "version": entity.version, "attributes": attributes })
        };
        let (schema, id) = (text("schema"), text("id"));
        let done = match &self.tool.kind {
            ToolKind::EntitiesList => {
                let limit = self.arguments.get("limit").and_then(Value::as_u64).unwrap_or(100);
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                let cursor = self.arguments.get("cursor").and_then(Value::as_str);
                session.entity_list(schema, limit, cursor).await.map(|(items, next)| {
                    let items: Vec<Value> = items.into_iter().map(shown).collect();
                    json!({ "items": items, "next_cursor": next })
                })
            }
            ToolKind::EntitiesPut => {
                let patch = self.arguments.get("patch").map(Value::to_string).unwrap_or_default();
                let expected = self.arguments.get("expected_version").and_then(Value::as_u64);
                session.entity_put(schema, id, &patch, expected).await.map(|version| json!({ "version": version }))
            }
            ToolKind::EntitiesGet | ToolKind::Step { .. } | ToolKind::Foreign { .. } => {
                session.entity_get(schema, id).await.map(shown)
            }
        };
        match done {
            Ok(value) => {
                let (effects, starts) = session.into_effects();
                let result = Ok(result(RawJson::from(value)));
                Ran { result, effects, starts, usage: UsageDelta::default(), again: None }
            }
            Err(error) => Ran::refused(told(error)),
        }
    }

    fn step_call(&self, plugin: &str, step: &str, digest: &str) -> Result<StepCall, Fault> {
        let Around { app, view, definition, execution } = &self.around;
        let pins = BTreeMap::from([(plugin.to_owned(), digest.to_owned())]);
        let (enabled, digest): (&EnabledPlugin, String) = pinned_plugin(view, &pins, plugin)?;
        let about = execution.flow.as_deref().and_then(|flow| flow.primary()).or_else(|| execution.entity.clone());
        let nothing = std::iter::empty::<(&str, &RawJson)>();
        let input = call_input(execution, nothing, about.as_ref());
        let input = input.map_err(|error| Fault::permanent("INTERNAL", error.to_string()))?;
        let key = TaskKey::of_tool_call(&self.run.id, self.ordinal);
        let grants = Arc::clone(&enabled.grants);
        Ok(StepCall {
            digest,
            step: step.into(),
            context: CallContext {
                tenant_id: self.run.tenant_id,
                environment: view.tenant.environment,
                dialect: execution.dialect.as_str().into(),
                execution_id: execution.id.to_string(),
                definition_id: Some(definition.id.to_string()),
                node_id: Some(self.run.task.to_string()),
                attempt: 1,
                dedupe_key: format!("{}/{key}", execution.id),
                now: app.now().to_rfc3339_millis(),
                timezone: definition.timezone.as_ref().unwrap_or(&view.tenant.settings.timezone).clone(),
                actor: format!("agent:{}", self.run.agent.name),
            },
            config: RawJson::from(Value::Object(self.arguments.clone())),
            input,
            resume: None,
            limits: enabled.enablement.limits.over(app.config().limits),
            secrets: Arc::clone(&enabled.secrets),
            session: self.session(plugin.to_owned(), Arc::clone(&grants)),
            grants,
        })
    }

    async fn step(&self, mut call: StepCall) -> Ran {
        let app = &self.around.app;
        // The arguments become what the step makes of them, as when a definition is saved.
        let again = self.step_call_again(&call);
        match app.sandbox().validate_step(call).await {
            Ok(Ok(config)) => match again {
                Ok(fresh) => call = StepCall { config, ..fresh },
                Err(fault) => return Ran::refused(ToolError::Failed(fault)),
            },
            Ok(Err(faults)) => return Ran::refused(ToolError::InvalidArguments(faults)),
            Err(fault) => return Ran::refused(ToolError::Failed(fault)),
        }
        let StepResult { outcome, metering, logs, session } = app.sandbox().run_step(call).await;
        for line in &logs {
            tracing::debug!(target: "stepwright::guest", run = %self.run.id, tool = self.tool.info.name, level = ?line.level, "{}", line.message);
        }
        let usage = UsageDelta { steps: 1, executions: 0, metering };
        let raced = session.raced();
        let failed = |fault: Fault| {
            let again = (fault.code == BUSY || (fault.retryable && raced)).then_some(Duration::from_millis(100));
            Ran { usage, again, ..Ran::refused(ToolError::Failed(fault)) }
        };
        let kept = |result, again, session: Session| {
            let (effects, starts) = session.into_effects();
            Ran { result, effects, starts, usage, again }
        };
        match outcome {
            Outcome::Completed { output, .. } => kept(Ok(result(output)), None, session),
            Outcome::Skipped { reason } => kept(Ok(result(RawJson::from(json!({ "skipped": reason })))), None, session),
            Outcome::Failed(fault) => failed(fault),
            Outcome::Defer { until } => {
                let wait = until.since(app.now()).min(MAX_PUT_OFF);
                kept(Ok(result(RawJson::null())), Some(wait.max(Duration::from_millis(50))), session)
            }
            Outcome::Waiting { .. } => {
                let reason = "the step waits for a call-back, which no tool can do";
                failed(Fault::permanent("STEP_WAITS", reason))
            }
        }
    }

    /// The same call once more: a session can be used only once.
    fn step_call_again(&self, call: &StepCall) -> Result<StepCall, Fault> {
        match &self.tool.kind {
            ToolKind::Step { plugin, step, .. } => self.step_call(plugin, step, &call.digest),
            ToolKind::EntitiesGet | ToolKind::EntitiesList | ToolKind::EntitiesPut | ToolKind::Foreign { .. } => {
                Err(Fault::permanent("INTERNAL", "only steps are run"))
            }
        }
    }
}

/// A result that is the same for people, models and machines.
pub(super) fn result(value: RawJson) -> ToolResult {
    ToolResult { text: value.as_str().to_owned(), structured: Some(value), untrusted: None }
}

fn told(error: HostError) -> ToolError {
    match error {
        HostError::Denied(grant) => ToolError::DeniedByPolicy(format!("the agent is not granted {grant}")),
        HostError::NotFound => ToolError::Failed(Fault::permanent("NOT_FOUND", "there is no such entity")),
        HostError::Conflict(version) => {
            let reason = format!("the entity is at version {version}");
            ToolError::Failed(Fault::permanent("CONFLICT", reason).with_info(json!({ "version": version })))
        }
        HostError::Invalid(text) => ToolError::InvalidArguments(vec![FieldFault::new("", text)]),
        HostError::Limit(text) => ToolError::Failed(Fault::permanent("LIMIT_EXCEEDED", text)),
        HostError::Unavailable(text) => ToolError::Failed(Fault::transient("UNAVAILABLE", text)),
        HostError::NotConfigured(code) => ToolError::Failed(Fault::permanent(code, "it is not configured")),
    }
}
