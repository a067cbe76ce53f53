//! Webhooks of this dialect (source: contracts/softsolz.md, "Webhooks"; checked against the client's
//! `softsolz.webhooks.verify`).

use super::translate::{run_error, run_status, run_trigger, step_error, task_step_type};
use super::wire::{RunError, RunStatus, RunTrigger, StepError};
use crate::kit::signing::hmac_sha256_hex;
use serde::Serialize;
use stepwright_app::ports::WebhookProjection;
use stepwright_engine::{
    Definition, Dialect, EventKind, Execution, HistoryEvent, RawJson, TaskState, Timestamp, WebhookEventId,
};

const RUN_STARTED: &str = "workflows.run.started";
const RUN_COMPLETED: &str = "workflows.run.completed";
const RUN_FAILED: &str = "workflows.run.failed";
const STEP_FAILED: &str = "workflows.step.failed";

/// Shows the history of runs to SoftSolz webhook endpoints.
pub struct Projection;

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    tenant_id: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    workflow_id: String,
    workflow_name: &'a str,
    run_id: String,
    status: RunStatus,
    trigger: RunTrigger,
    started_at: Option<String>,
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RunError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<FailedStep<'a>>,
}

#[derive(Serialize)]
struct FailedStep<'a> {
    index: u32,
    step_type: &'a str,
    error: Option<StepError>,
}

impl WebhookProjection for Projection {
    fn dialect(&self) -> Dialect {
        Dialect::Softsolz
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[RUN_STARTED, RUN_COMPLETED, RUN_FAILED, STEP_FAILED]
    }

    fn project(
        &self,
        id: WebhookEventId,
        definition: &Definition,
        execution: &Execution,
        event: &HistoryEvent,
    ) -> Option<(&'static str, RawJson)> {
        let kind = kind_of(event.kind)?;
        let body = Body {
            id: format!("evt_{}", id.uuid().simple()),
            kind,
            created_at: event.at.to_rfc3339_secs(),
            tenant_id: execution.tenant_id.to_string(),
            data: Data {
                workflow_id: execution.definition_id.to_string(),
                workflow_name: &definition.name,
                run_id: execution.id.to_string(),
                status: run_status(execution),
                trigger: run_trigger(execution),
                started_at: execution.started_at.map(Timestamp::to_rfc3339_secs),
                finished_at: execution.status.ended_at().map(Timestamp::to_rfc3339_secs),
                error: run_error(execution),
                step: if kind == STEP_FAILED { failed_step(definition, execution, event) } else { None },
            },
        };
        RawJson::of(&body).ok().map(|body| (kind, body))
    }

    fn sign(&self, _: WebhookEventId, _: &str, body: &str, at_secs: i64, secrets: &[&str]) -> Vec<(String, String)> {
        let time = at_secs.to_string();
        let codes = secrets
            .iter()
            .map(|secret| hmac_sha256_hex(secret.as_bytes(), &[time.as_bytes(), b".", body.as_bytes()]))
            .map(|code| format!(",v1={code}"));
        let value = format!("t={time}{}", codes.collect::<String>());
        vec![("Softsolz-Signature".into(), value)]
    }
}

/// The event type that shows this line of history, if one does.
const fn kind_of(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::ExecutionStarted => Some(RUN_STARTED),
        EventKind::ExecutionCompleted => Some(RUN_COMPLETED),
        EventKind::ExecutionFailed => Some(RUN_FAILED),
        EventKind::TaskFailed => Some(STEP_FAILED),
        EventKind::ExecutionCreated
        | EventKind::ExecutionPaused
        | EventKind::ExecutionResumed
        | EventKind::ExecutionRetried
        | EventKind::ExecutionCancelled
        | EventKind::TaskCompleted
        | EventKind::TaskSkipped
        | EventKind::TaskRetrying
        | EventKind::TaskDeferred
        | EventKind::TaskWaiting
        | EventKind::TaskResumed
        | EventKind::FlowChanged
        | EventKind::ExecutionSuspended
        | EventKind::ExecutionExpired
        | EventKind::RecordChanged
        | EventKind::RecordDenied
        | EventKind::RecordDue => None,
    }
}

fn failed_step<'a>(
    definition: &'a Definition,
    execution: &'a Execution,
    event: &HistoryEvent,
) -> Option<FailedStep<'a>> {
    let task = execution.task(event.task?)?;
    let error = match &task.state {
        TaskState::Failed { fault, .. } => Some(step_error(fault)),
        _ => None,
    };
    Some(FailedStep { index: task.id.0, step_type: task_step_type(definition, task), error })
}
