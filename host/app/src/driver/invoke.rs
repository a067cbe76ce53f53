//! One invocation of one task.

use super::flow_work::Worker;
use super::saving::step_input;
use crate::App;
use crate::caches::{EnabledPlugin, TenantView};
use crate::ports::{CallContext, StepCall, StepResult};
use crate::session::{MailPolicy, Session, SessionScope, TaskKey};
use std::collections::BTreeMap;
use std::sync::Arc;
use stepwright_engine::{Definition, Execution, Fault, Metering, NodeKind, Outcome, TaskId, TaskState, Timestamp};

/// A fault code of the sandbox that is the host's doing, not the step's.
pub(super) const BUSY: &str = "SANDBOX_BUSY";

/// What came of an invocation: everything the actor needs to commit it.
pub(super) struct Finished {
    pub task: TaskId,
    pub attempt: u32,
    pub outcome: Outcome,
    pub metering: Metering,
    /// Present when the outcome may be committed with what the step has staged.
    pub session: Option<Session>,
}

impl App {
    /// Runs one running task once. Waits for one of the tenant's slots before anything is built, so that waiting
    /// invocations cost next to nothing.
    pub(super) async fn invoke(
        &self,
        view: Arc<TenantView>,
        definition: Arc<Definition>,
        execution: Arc<Execution>,
        task: TaskId,
        attempt: u32,
    ) -> Finished {
        if let Some(NodeKind::Decision(decision)) = definition.graph.nodes.get(task.0 as usize).map(|n| &n.kind) {
            let worker = Worker { app: self.clone(), view, definition: Arc::clone(&definition), execution };
            return worker.decide(decision, task, attempt).await;
        }
        let quota = view.tenant.settings.quotas.concurrent_invocations;
        let slots = self.driver().tenant_slots(execution.tenant_id, quota);
        // Never closed, so waiting can only end with a slot.
        let _slot = slots.acquire_owned().await.ok();
        let call = match self.step_call(&view, &definition, &execution, task, attempt) {
            Ok(call) => call,
            Err(fault) => {
                let (outcome, metering) = (Outcome::Failed(fault), Metering::default());
                return Finished { task, attempt, outcome, metering, session: None };
            }
        };
        let step = call.step.clone();
        let StepResult { mut outcome, metering, logs, session } = self.sandbox().run_step(call).await;
        for line in &logs {
            tracing::debug!(target: "stepwright::guest", execution = %execution.id, task = task.0, step, level = ?line.level, "{}", line.message);
        }
        metrics::counter!("stepwright_steps_total", "outcome" => outcome_name(&outcome)).increment(1);
        metrics::histogram!("stepwright_step_seconds").record(metering.wall_us as f64 / 1e6);
        // That the host was too busy must not use up the step's attempts.
        // Nor must a race with another execution that no step could have avoided.
        if matches!(&outcome, Outcome::Failed(fault) if fault.code == BUSY || (fault.retryable && session.raced())) {
            outcome = Outcome::Defer { until: self.soon() };
        }
        // A step is a transaction: what a failed one has staged is dropped here.
        let session = (!matches!(outcome, Outcome::Failed(_))).then_some(session);
        Finished { task, attempt, outcome, metering, session }
    }

    /// A moment from now, spread so that those who clashed do not meet again.
    pub(super) fn soon(&self) -> Timestamp {
        self.now() + std::time::Duration::from_millis(50 + (self.random().unit() * 950.0) as u64)
    }

    fn step_call(
        &self,
        view: &TenantView,
        definition: &Definition,
        execution: &Execution,
        task: TaskId,
        attempt: u32,
    ) -> Result<StepCall, Fault> {
        let node = definition.graph.nodes.get(task.0 as usize);
        let Some(NodeKind::Step { step, config }) = node.map(|n| &n.kind) else {
            return Err(Fault::permanent("NOT_RUNNABLE", "only a step node can be invoked"));
        };
        let resume = match execution.task(task).map(|t| &t.state) {
            Some(TaskState::Running { resume, .. }) => resume.clone(),
            _ => None,
        };
        let (plugin, digest) = pinned(view, &execution.pins, &step.plugin)?;
        let input = step_input(execution).map_err(|e| Fault::permanent("INTERNAL", e.to_string()))?;
        let now = self.now();
        let scope = SessionScope {
            tenant_id: execution.tenant_id,
            plugin: step.plugin.clone(),
            task: Some((execution.id, TaskKey::of_task(task, execution.task(task).map_or(0, |t| t.round)))),
            definition: Some(definition.id),
            ordinal: execution.history_seq,
            depth: execution.trigger.parent.map_or(0, |(_, depth)| depth),
            now,
            mail: MailPolicy::of(&view.tenant),
        };
        let grants = Arc::clone(&plugin.grants);
        Ok(StepCall {
            digest,
            step: step.step.clone(),
            context: CallContext {
                tenant_id: execution.tenant_id,
                environment: view.tenant.environment,
                dialect: execution.dialect.as_str().into(),
                execution_id: execution.id.to_string(),
                definition_id: Some(definition.id.to_string()),
                node_id: node.map(|n| n.id.to_string()),
                attempt,
                dedupe_key: format!("{}/{}", execution.id, task),
                now: now.to_rfc3339_millis(),
                timezone: definition.timezone.as_ref().unwrap_or(&view.tenant.settings.timezone).clone(),
                actor: execution.trigger.source.as_str().into(),
            },
            config: config.clone(),
            input,
            resume,
            limits: plugin.enablement.limits.over(self.config().limits),
            secrets: Arc::clone(&plugin.secrets),
            session: Session::new(self.shared_store(), Arc::clone(self.ids()), scope, Arc::clone(&grants)),
            grants,
        })
    }
}

/// The enabled plugin of a step and the digest the execution is pinned to.
pub(super) fn pinned<'v>(
    view: &'v TenantView,
    pins: &BTreeMap<String, String>,
    name: &str,
) -> Result<(&'v EnabledPlugin, String), Fault> {
    let plugin = view
        .enabled(name)
        .ok_or_else(|| Fault::permanent("PLUGIN_DISABLED", format!("plugin '{name}' is not enabled")))?;
    let digest = pins.get(name).cloned().ok_or_else(|| {
        Fault::permanent("PLUGIN_DISABLED", format!("plugin '{name}' was not enabled when the execution started"))
    })?;
    Ok((plugin, digest))
}

pub(super) const fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed { .. } => "completed",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Failed(_) => "failed",
        Outcome::Waiting { .. } => "waiting",
        Outcome::Defer { .. } => "deferred",
    }
}
