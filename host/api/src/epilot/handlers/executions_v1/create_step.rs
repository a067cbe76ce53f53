//! A step more.

use super::told;
use crate::epilot::auth::{Member, TaskAdd};
use crate::epilot::translate::{NewStep, new_step, step};
use crate::epilot::wire::{ErrorBody, NewWorkflowStep, WorkflowStep};
use crate::kit::{ApiError, ApiResult, JsonBody, Params, reply};
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Adds a step at a place of a section, or of the whole list without one.
#[utoipa::path(
    post, path = "/v1/workflows/executions/{executionId}/steps", operation_id = "createStep", tag = "executions V1",
    params(("executionId" = String, Path)),
    request_body = NewWorkflowStep,
    responses(
        (status = 201, body = WorkflowStep),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskAdd>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let NewStep { place, mut task } = new_step(&body.value()?)?;
    let access = member.access().await?;
    let new = NodeId::new(member.app().short_id());
    task.id = Some(new.clone());
    let command = Command::InsertTask { place, task: Box::new(task) };
    let view = told(member.app().flow_command(&access, &id, command).await)?;
    let made = view.flow.task(&new).ok_or(ApiError::Panic)?;
    Ok(reply::created(&step(&view.flow, made)))
}
