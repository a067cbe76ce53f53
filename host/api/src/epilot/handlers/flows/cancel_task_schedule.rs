//! The schedule of a task.

use crate::epilot::auth::{Member, TaskUpdate};
use crate::epilot::error;
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Cancels the schedule of a task; the task is skipped, and the execution goes on.
#[utoipa::path(
    delete, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/schedule", operation_id = "cancelTaskSchedule",
    tag = "schedules",
    params(("execution_id" = String, Path), ("task_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskUpdate>, Params((execution, task)): Params<(String, String)>) -> ApiResult {
    let access = member.access().await?;
    let command = Command::CancelSchedule { task: NodeId::new(task), schedule_id: None };
    error::execution(member.app().flow_command(&access, &execution, command).await)?;
    Ok(reply::no_content())
}
