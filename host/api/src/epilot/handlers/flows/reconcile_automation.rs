//! A task and its automation, brought together again.

use crate::epilot::auth::{Member, TaskUpdate};
use crate::epilot::error;
use crate::epilot::translate::flow_execution;
use crate::epilot::wire::{ErrorBody, ExecutionView};
use crate::kit::{ApiResult, Params, reply};
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Corrects an automation task from its run; nothing happens while that goes on, or when the task is over. There is no
/// body, whatever its type.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}/reconcile-automation",
    operation_id = "reconcileAutomationTask", tag = "tasks",
    params(("execution_id" = String, Path), ("task_id" = String, Path)),
    responses(
        (status = 200, body = ExecutionView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskUpdate>, Params((execution, task)): Params<(String, String)>) -> ApiResult {
    let access = member.access().await?;
    let command = Command::Reconcile { task: NodeId::new(task) };
    let done = error::execution(member.app().flow_command(&access, &execution, command).await)?;
    Ok(reply::ok(&flow_execution(&done.flow, access.tenant_id())))
}
