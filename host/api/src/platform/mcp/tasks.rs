//! Executions as tasks (the protocol's extension `io.modelcontextprotocol/tasks`).

use super::Tenant;
use super::answers::{answered, refused, waits_for};
use super::questions::requests_of;
use rmcp::ErrorData;
use rmcp::model::{DetailedTask, GetTaskResult, Task, TaskPayload, TaskStatus};
use serde_json::Value;
use std::time::Duration;
use stepwright_app::AppError;
use stepwright_app::usecases::Progress;
use stepwright_engine::{Command, ExecutionId, ExecutionStatus};

/// How often clients are to look.
const POLL_MS: u64 = 1_000;

/// The execution that a task's id means.
pub(super) fn execution_of(task: &str) -> Result<ExecutionId, ErrorData> {
    task.parse().map_err(|_| ErrorData::invalid_params(format!("there is no task '{task}'"), None))
}

/// An execution as a task.
pub(super) fn task_of(progress: &Progress) -> Result<DetailedTask, ErrorData> {
    let execution = &*progress.view.execution;
    let asked_at = progress.questions.iter().map(|question| question.asked_at).max();
    let updated = execution.status.ended_at().or(asked_at).or(execution.started_at).unwrap_or(execution.created_at);
    let mut task = Task::new(
        execution.id.to_string(),
        TaskStatus::Working,
        execution.created_at.to_rfc3339_millis(),
        updated.to_rfc3339_millis(),
    );
    let payload = match &execution.status {
        ExecutionStatus::Cancelled { .. } | ExecutionStatus::Expired { .. } => TaskPayload::Cancelled,
        // Whatever it has come to, the call has been answered: also a failure is a result.
        ExecutionStatus::Completed { .. } | ExecutionStatus::Failed { .. } => {
            match serde_json::to_value(answered(progress)) {
                Ok(Value::Object(result)) => TaskPayload::Completed { result },
                _ => return Err(ErrorData::internal_error("the result cannot be written", None)),
            }
        }
        _ if !progress.questions.is_empty() => {
            TaskPayload::InputRequired { input_requests: requests_of(&progress.questions)? }
        }
        _ => TaskPayload::Working,
    };
    if !execution.status.is_final() {
        task = task.with_status_message(waits_for(progress)).with_poll_interval_ms(POLL_MS);
    }
    Ok(DetailedTask::new(task, payload))
}

impl Tenant {
    pub(super) async fn task(&self, id: &str) -> Result<GetTaskResult, ErrorData> {
        let found = self.app.progress(&self.access, execution_of(id)?, Duration::ZERO).await;
        let progress = found.map_err(|error| unknown(id, &error))?;
        Ok(GetTaskResult::new(task_of(&progress)?))
    }

    /// What has ended stays as it is.
    pub(super) async fn cancel(&self, id: &str) -> Result<(), ErrorData> {
        let command = Command::Cancel { reason: Some("cancelled by the client".into()) };
        match self.app.command(&self.access, execution_of(id)?, command).await {
            Ok(_) | Err(AppError::Transition(_)) => Ok(()),
            Err(error) => Err(unknown(id, &error)),
        }
    }
}

fn unknown(id: &str, error: &AppError) -> ErrorData {
    match error {
        AppError::NotFound(_) => ErrorData::invalid_params(format!("there is no task '{id}'"), None),
        _ => refused(error),
    }
}
