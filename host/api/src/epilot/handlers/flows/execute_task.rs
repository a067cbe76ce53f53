//! A task at once.

use super::shown_task;
use crate::epilot::auth::{Member, TaskUpdate};
use crate::epilot::error;
use crate::epilot::wire::{ErrorBody, TaskView};
use crate::kit::{ApiResult, Params};
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Does what a task is for at once. There is no body, whatever its type.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/execute",
    operation_id = "executeTask", tag = "tasks",
    params(("execution_id" = String, Path), ("task_id" = String, Path)),
    responses(
        (status = 200, body = TaskView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskUpdate>, Params((execution, task)): Params<(String, String)>) -> ApiResult {
    let (access, task) = (member.access().await?, NodeId::new(task));
    let command = Command::Execute { task: task.clone() };
    let done = member.app().flow_command(&access, &execution, command).await;
    shown_task(&error::execution(done)?.flow, &task)
}
