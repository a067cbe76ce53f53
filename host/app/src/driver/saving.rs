//! From a transition to a commit.

use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Commit, Effects, ExecutionWrite, Precondition, UsageDelta, Wake, WebhookEvent};
use crate::ports::CommitError;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, EndpointId, Execution, ExecutionStatus, HistoryEvent, NodeInstanceId, RawJson, TaskState, Timestamp,
    Transition, WebhookEventId,
};

/// Leases end at multiples of this.
const LEASE_GRAIN: Duration = Duration::from_secs(5);

impl App {
    /// The write of one transition, as a request that takes `wake` and needs no lease.
    pub(crate) fn write(&self, transition: Transition, expected: u64, wake: Wake) -> AppResult<ExecutionWrite> {
        let document = serde_json::to_string(&transition.next)
            .map_err(|e| AppError::Internal(format!("execution does not serialize: {e}")))?;
        let Transition { next, events } = transition;
        Ok(ExecutionWrite { expected, next: Arc::new(next), document, events, wake, held_by: None })
    }

    /// When a worker that holds the execution must commit again, or who must look at it later.
    pub(crate) fn wake_of(&self, execution: &Execution, holder: Option<NodeInstanceId>) -> Wake {
        let running = execution.is_working();
        match (&execution.status, holder) {
            (ExecutionStatus::Pending, None) => Wake::At(self.now()),
            (ExecutionStatus::Pending, Some(holder)) => self.leased(holder),
            // Invocations of a paused execution still report, so the lease is kept until they have.
            (ExecutionStatus::Running | ExecutionStatus::Paused { .. }, Some(holder)) if running => self.leased(holder),
            (ExecutionStatus::Running, None) if running => Wake::At(self.now()),
            (ExecutionStatus::Running, _) => execution.next_due().map_or(Wake::Never, Wake::At),
            (
                ExecutionStatus::Paused { .. }
                | ExecutionStatus::Completed { .. }
                | ExecutionStatus::Failed { .. }
                | ExecutionStatus::Cancelled { .. },
                _,
            ) => Wake::Never,
        }
    }

    fn leased(&self, holder: NodeInstanceId) -> Wake {
        Wake::Leased { holder, until: self.lease_end() }
    }

    /// When a lease taken or renewed now ends: at the lease's length, rounded up to [`LEASE_GRAIN`]. The commits of an
    /// execution that follow each other quickly then leave the column as it is, and so its index in the database.
    pub(crate) fn lease_end(&self) -> Timestamp {
        let end = self.now() + self.config().lease;
        let grain = i64::try_from(LEASE_GRAIN.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(end.micros().saturating_add(grain - 1).div_euclid(grain).saturating_mul(grain))
    }

    /// The webhooks that the events of one transition give rise to.
    pub(crate) fn webhooks_of(
        &self,
        view: &TenantView,
        definition: &Definition,
        execution: &Execution,
        events: &[HistoryEvent],
    ) -> Vec<(WebhookEvent, Vec<EndpointId>)> {
        if view.endpoints.is_empty() {
            return Vec::new();
        }
        let mut webhooks = Vec::new();
        // A dialect's endpoints see the dialect's own executions; the platform's see all.
        for projection in &self.projections_of(execution) {
            for event in events {
                let id = WebhookEventId::fresh(&**self.ids());
                let Some((kind, body)) = projection.project(id, definition, execution, event) else { continue };
                let dialect = projection.dialect();
                let wanting: Vec<EndpointId> =
                    view.endpoints.iter().filter(|e| e.wants(dialect, kind)).map(|e| e.id).collect();
                if !wanting.is_empty() {
                    let tenant_id = execution.tenant_id;
                    let webhook =
                        WebhookEvent { id, tenant_id, dialect, kind: kind.into(), body, created_at: event.at };
                    webhooks.push((webhook, wanting));
                }
            }
        }
        webhooks
    }

    fn projections_of(&self, execution: &Execution) -> Vec<std::sync::Arc<dyn crate::ports::WebhookProjection>> {
        use stepwright_engine::Dialect;
        let mut found: Vec<_> = self.projection(execution.dialect).cloned().into_iter().collect();
        if execution.dialect != Dialect::Platform {
            found.extend(self.projection(Dialect::Platform).cloned());
        }
        found
    }

    /// Commits one transition of one execution, with its webhooks.
    pub(crate) async fn commit_one(
        &self,
        view: &TenantView,
        definition: &Definition,
        write: ExecutionWrite,
        extra: Extra,
    ) -> Result<Arc<Execution>, CommitError> {
        let mut webhooks = self.webhooks_of(view, definition, &write.next, &write.events);
        webhooks.extend(extra.webhooks);
        let next = Arc::clone(&write.next);
        let mut executions = vec![write];
        executions.extend(extra.children);
        let commit = Commit {
            tenant_id: next.tenant_id,
            at: self.now(),
            preconditions: extra.preconditions,
            executions,
            effects: extra.effects,
            webhooks,
            usage: extra.usage,
        };
        self.store().commit(commit).await?;
        self.driver().announce(&next);
        Ok(next)
    }
}

/// What goes along with a transition.
#[derive(Clone, Default)]
pub(crate) struct Extra {
    pub preconditions: Vec<Precondition>,
    pub effects: Effects,
    /// Executions the step has started.
    pub children: Vec<ExecutionWrite>,
    pub webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>,
    pub usage: UsageDelta,
}

/// `{"input", "outputs", "trigger", "entity"}` for a step (source: wit/step@0.1.0 `call.input`).
pub(crate) fn step_input(execution: &Execution) -> AppResult<RawJson> {
    let mut completed: Vec<(Timestamp, &str, &RawJson)> = execution
        .tasks
        .iter()
        .filter_map(|task| match &task.state {
            TaskState::Completed { at, output } => Some((*at, task.node.as_str(), output)),
            _ => None,
        })
        .collect();
    // In the order of completion, which the guest may rely on; a stable sort leaves ties in definition order.
    completed.sort_by_key(|(at, ..)| *at);
    let outputs = completed.into_iter().map(|(_, node, output)| (node, output));
    call_input(execution, outputs, execution.entity.as_ref())
}

/// The input of a step, put together from texts so that nothing is parsed on the way.
pub(super) fn call_input<'a>(
    execution: &Execution,
    outputs: impl Iterator<Item = (impl AsRef<str>, &'a RawJson)>,
    entity: Option<&EntityRef>,
) -> AppResult<RawJson> {
    let mut text = String::with_capacity(256 + execution.input.as_str().len());
    text.push_str("{\"input\":");
    text.push_str(execution.input.as_str());
    text.push_str(",\"outputs\":{");
    for (place, (name, output)) in outputs.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        text.push(':');
        text.push_str(output.as_str());
    }
    text.push_str("},\"trigger\":");
    let trigger = &execution.trigger;
    let mut shown = serde_json::json!({ "source": trigger.source.as_str() });
    if let Some(at) = trigger.scheduled_for {
        shown["scheduled_for"] = at.to_rfc3339_millis().into();
    }
    if let Some(event) = &trigger.event {
        shown["event"] = event.to_value();
    }
    text.push_str(&shown.to_string());
    if let Some(entity) = entity {
        text.push_str(",\"entity\":");
        text.push_str(&serde_json::json!(entity).to_string());
    }
    text.push('}');
    RawJson::parse_text(text).map_err(|e| AppError::Internal(format!("step input is not JSON: {e}")))
}
