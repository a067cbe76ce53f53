//! What became of a call, as a tool's result.

use crate::kit::ApiError;
use rmcp::ErrorData;
use rmcp::model::CallToolResult;
use serde_json::{Value, json};
use stepwright_app::AppError;
use stepwright_app::usecases::Progress;
use stepwright_engine::{Execution, ExecutionStatus, Fault, TaskState};

/// The result of a call whose execution has come so far.
pub(super) fn answered(progress: &Progress) -> CallToolResult {
    let execution = &*progress.view.execution;
    let output = execution.output().map(stepwright_engine::RawJson::to_value);
    match &execution.status {
        ExecutionStatus::Completed { .. } => {
            // A step's tool promises the step's own output; a workflow's tells which execution it was as well.
            let shown = match (&execution.lone, output) {
                (Some(_), Some(output @ Value::Object(_))) => output,
                (_, output) => around(execution, json!({ "output": output })),
            };
            CallToolResult::structured(shown)
        }
        ExecutionStatus::Failed { fault, .. } => {
            CallToolResult::structured_error(around(execution, json!({ "error": shown(fault) })))
        }
        ExecutionStatus::Cancelled { reason, .. } => {
            CallToolResult::structured_error(around(execution, json!({ "reason": reason })))
        }
        ExecutionStatus::Expired { .. } => CallToolResult::structured_error(around(execution, json!({}))),
        ExecutionStatus::Pending
        | ExecutionStatus::Running
        | ExecutionStatus::Waiting { .. }
        | ExecutionStatus::Suspended { .. }
        | ExecutionStatus::Paused { .. } => {
            let mut more = json!({ "message": waits_for(progress) });
            if let Some(fault) = standing_still(execution) {
                more["error"] = shown(fault);
            }
            let questions = progress.questions.iter();
            let asked: Vec<Value> = questions
                .map(|q| json!({ "confirmation_id": q.id.to_string(), "question": q.question, "tool": q.tool }))
                .collect();
            if !asked.is_empty() {
                more["waits_for"] = json!(asked);
            }
            let told = around(execution, more);
            // What a step's tool promises is not there.
            if execution.lone.is_some() {
                CallToolResult::structured_error(told)
            } else {
                CallToolResult::structured(told)
            }
        }
    }
}

/// What an execution that has not ended waits for, for people and models.
pub(super) fn waits_for(progress: &Progress) -> String {
    let asked = progress.questions.len();
    if asked > 0 {
        let first = progress.questions.first().map(|q| q.question.as_str()).unwrap_or_default();
        return format!("a person is asked: {first}{}", if asked > 1 { " (and more)" } else { "" });
    }
    if progress.goes_on() {
        return "it has not ended yet; look at it again with stepwright_execution".into();
    }
    match &progress.view.execution.status {
        ExecutionStatus::Paused { .. } => "it stands still until somebody resumes it".into(),
        _ => "it waits for a person to do their part".into(),
    }
}

fn around(execution: &Execution, mut more: Value) -> Value {
    more["execution_id"] = execution.id.to_string().into();
    more["status"] = execution.status.name().into();
    more
}

fn standing_still(execution: &Execution) -> Option<&Fault> {
    let ExecutionStatus::Paused { node: Some(node), .. } = &execution.status else { return None };
    match &execution.task_of(node)?.state {
        TaskState::Failed { fault, .. } => Some(fault),
        _ => None,
    }
}

fn shown(fault: &Fault) -> Value {
    json!({ "code": fault.code, "reason": fault.reason })
}

/// A refusal that the caller's model can read, and do something about.
pub(super) fn complaint(error: &AppError) -> CallToolResult {
    let mut told = json!({ "message": ApiError::from(error.clone()).public_text() });
    if let AppError::Invalid(faults) = error {
        let faults = faults.iter().map(|f| json!({ "pointer": f.pointer, "detail": f.message }));
        told["errors"] = faults.collect();
    }
    CallToolResult::structured_error(told)
}

/// A refusal as an error of the protocol.
pub(super) fn refused(error: &AppError) -> ErrorData {
    let text = ApiError::from(error.clone()).public_text();
    match error {
        AppError::Internal(detail) => {
            tracing::error!(error = detail, "internal error");
            ErrorData::internal_error(text, None)
        }
        AppError::Unavailable(detail) => {
            tracing::warn!(error = detail, "temporarily unavailable");
            ErrorData::internal_error(text, None)
        }
        AppError::Invalid(faults) => {
            let faults = faults.iter().map(|f| json!({ "pointer": f.pointer, "detail": f.message }));
            ErrorData::invalid_params(text, Some(json!({ "errors": faults.collect::<Vec<_>>() })))
        }
        AppError::NotFound(_)
        | AppError::Forbidden(_)
        | AppError::Conflict(_)
        | AppError::Foreign(_)
        | AppError::RecentRun { .. }
        | AppError::Quota(_)
        | AppError::Transition(_) => ErrorData::invalid_params(text, None),
    }
}
