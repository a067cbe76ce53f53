//! A step less.

use super::told;
use crate::epilot::auth::{Member, TaskUpdate};
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Takes a step out; what stood before it leads to what stood behind it.
#[utoipa::path(
    delete, path = "/v1/workflows/executions/{executionId}/steps/{stepId}", operation_id = "deleteStep",
    tag = "executions V1",
    params(("executionId" = String, Path), ("stepId" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskUpdate>, Params((id, step_id)): Params<(String, String)>) -> ApiResult {
    let access = member.access().await?;
    let command = Command::RemoveTask { task: NodeId::new(step_id) };
    told(member.app().flow_command(&access, &id, command).await)?;
    Ok(reply::no_content())
}
