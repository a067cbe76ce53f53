//! One invocation of one task.

use super::saving::step_input;
use crate::App;
use crate::caches::TenantView;
use crate::model::Enablement;
use crate::ports::{CallContext, StepCall, StepResult};
use crate::session::{MailPolicy, Session, SessionScope};
use std::collections::BTreeMap;
use std::sync::Arc;
use stepwright_engine::{
    Definition, Execution, Fault, Metering, NodeKind, Outcome, RawJson, StepRef, TaskId, TaskState,
};

/// What came of an invocation: everything the actor needs to commit it.
pub(super) struct Finished {
    pub task: TaskId,
    pub attempt: u32,
    pub outcome: Outcome,
    pub metering: Metering,
    /// Present when the outcome may be committed with what the step has staged.
    pub session: Option<Session>,
}

/// What an invocation is to do, cut out of the execution so that it can run beside it.
pub(super) struct Invocation {
    task: TaskId,
    attempt: u32,
    plan: Result<Box<StepCall>, Fault>,
    slots: Arc<tokio::sync::Semaphore>,
}

impl App {
    /// Prepares the invocation of a running task; `None` when the task is not running.
    pub(super) fn invocation(
        &self,
        view: &TenantView,
        definition: &Definition,
        execution: &Execution,
        task: TaskId,
    ) -> Option<Invocation> {
        let TaskState::Running { attempt, resume, .. } = &execution.task(task)?.state else { return None };
        let node = definition.graph.nodes.get(task.0 as usize)?;
        let plan = match &node.kind {
            NodeKind::Manual => Err(Fault::permanent("NOT_RUNNABLE", "a manual task cannot be invoked")),
            NodeKind::Step { step, config } => {
                self.step_call(view, definition, execution, task, *attempt, resume.clone(), step, config).map(Box::new)
            }
        };
        let slots = self.driver().tenant_slots(execution.tenant_id, view.tenant.settings.quotas.concurrent_invocations);
        Some(Invocation { task, attempt: *attempt, plan, slots })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is another source of the call; a struct would only rename them"
    )]
    fn step_call(
        &self,
        view: &TenantView,
        definition: &Definition,
        execution: &Execution,
        task: TaskId,
        attempt: u32,
        resume: Option<RawJson>,
        step: &StepRef,
        config: &RawJson,
    ) -> Result<StepCall, Fault> {
        let enablement = self
            .enablement(view, &step.plugin)
            .ok_or_else(|| Fault::permanent("PLUGIN_DISABLED", format!("plugin '{}' is not enabled", step.plugin)))?;
        let digest = execution.pins.get(&step.plugin).cloned().ok_or_else(|| {
            Fault::permanent(
                "PLUGIN_MISSING",
                format!("plugin '{}' was not enabled when the execution started", step.plugin),
            )
        })?;
        let input = step_input(execution).map_err(|e| Fault::permanent("INTERNAL", e.to_string()))?;
        let now = self.now();
        let depth = execution.trigger.parent.map_or(0, |(_, depth)| depth);
        let scope = SessionScope {
            tenant_id: execution.tenant_id,
            plugin: step.plugin.clone(),
            task: Some((execution.id, task)),
            definition: Some(definition.id),
            depth,
            now,
            mail: MailPolicy::of(&view.tenant),
        };
        let grants = Arc::new(enablement.grants.clone());
        let session = Session::new(self.shared_store(), Arc::clone(self.ids()), scope, Arc::clone(&grants));
        Ok(StepCall {
            digest,
            step: step.step.clone(),
            context: CallContext {
                tenant_id: execution.tenant_id,
                environment: view.tenant.environment,
                dialect: execution.dialect.as_str().into(),
                execution_id: execution.id.to_string(),
                definition_id: Some(definition.id.to_string()),
                node_id: definition.graph.nodes.get(task.0 as usize).map(|n| n.id.to_string()),
                attempt,
                dedupe_key: format!("{}/{}", execution.id, task),
                now: now.to_rfc3339_millis(),
                timezone: definition.timezone.clone().unwrap_or_else(|| view.tenant.settings.timezone.clone()),
                actor: execution.trigger.source.as_str().into(),
            },
            config: config.clone(),
            input,
            resume,
            limits: enablement.limits.over(self.config().limits),
            secrets: Arc::new(granted_secrets(view, &enablement)),
            grants,
            session,
        })
    }

    /// The enabled version of a plugin of this tenant, the built-ins included.
    pub(crate) fn enablement(&self, view: &TenantView, plugin: &str) -> Option<Arc<Enablement>> {
        match view.enabled(plugin) {
            Some(enabled) => Some(Arc::clone(enabled)),
            None => self.builtin_enablement(view.tenant.id, plugin).map(Arc::new),
        }
    }

    /// Runs a prepared invocation.
    pub(super) async fn invoke(&self, invocation: Invocation) -> Finished {
        let Invocation { task, attempt, plan, slots } = invocation;
        let call = match plan {
            Ok(call) => *call,
            Err(fault) => {
                let (outcome, metering) = (Outcome::Failed(fault), Metering::default());
                return Finished { task, attempt, outcome, metering, session: None };
            }
        };
        // Never closed, so waiting can only end with a slot.
        let _slot = slots.acquire_owned().await.ok();
        let (execution, step) = (call.context.execution_id.clone(), call.step.clone());
        let StepResult { outcome, metering, logs, session } = self.inner_sandbox().run_step(call).await;
        for line in &logs {
            tracing::debug!(target: "stepwright::guest", execution, task = task.0, step, level = ?line.level, "{}", line.message);
        }
        metrics::counter!("stepwright_steps_total", "outcome" => outcome_name(&outcome)).increment(1);
        metrics::histogram!("stepwright_step_seconds").record(metering.wall_us as f64 / 1e6);
        // A step is a transaction: what a failed one has staged is dropped here.
        let session = (!matches!(outcome, Outcome::Failed(_))).then_some(session);
        Finished { task, attempt, outcome, metering, session }
    }

    fn inner_sandbox(&self) -> &dyn crate::ports::Sandbox {
        self.sandbox()
    }
}

pub(crate) fn granted_secrets(view: &TenantView, enablement: &Enablement) -> BTreeMap<String, String> {
    enablement
        .grants
        .secrets
        .keys()
        .filter_map(|name| view.tenant.settings.secrets.get(name).map(|value| (name.clone(), value.clone())))
        .collect()
}

const fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed { .. } => "completed",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Failed(_) => "failed",
        Outcome::Waiting { .. } => "waiting",
        Outcome::Defer { .. } => "deferred",
    }
}
