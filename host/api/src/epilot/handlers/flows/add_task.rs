//! A task for a running execution.

use crate::epilot::auth::{Member, TaskAdd};
use crate::epilot::error;
use crate::epilot::translate::{Addition, addition, task};
use crate::epilot::wire::{AddTaskReq, ErrorBody, TaskView};
use crate::kit::{ApiError, ApiResult, JsonBody, Params, reply};
use stepwright_app::AppError;
use stepwright_engine::flow::Command;

/// Inserts a task between two others, or behind one.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks", operation_id = "addTask", tag = "tasks",
    params(("execution_id" = String, Path)),
    request_body = AddTaskReq,
    responses(
        (status = 201, body = TaskView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskAdd>, Params(execution): Params<String>, body: JsonBody) -> ApiResult {
    let sent = error::request(addition(&body.value()?, || member.app().short_id()))?;
    let Addition { id, previous, next, task: new } = sent;
    let access = member.access().await?;
    let command = Command::AddTask { previous, next, task: Box::new(new) };
    let done = error::execution(member.app().flow_command(&access, &execution, command).await)?;
    let shown = task(&done.flow, &id).ok_or(ApiError::App(AppError::NotFound("task")))?;
    Ok(reply::created(&shown))
}
