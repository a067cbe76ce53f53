//! Changes of an execution.

use crate::epilot::auth::{ExecutionChange, Member};
use crate::epilot::error;
use crate::epilot::translate::{flow_execution, flow_patch};
use crate::epilot::wire::{ErrorBody, ExecutionView, PatchFlowReq};
use crate::kit::{ApiResult, JsonBody, Params, reply};
use stepwright_engine::flow::Command;

/// Changes an execution: closes, finishes or reopens it, or changes its assignees, due date or entities.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}", operation_id = "patchFlowExecution", tag = "executions",
    params(("execution_id" = String, Path)),
    request_body = PatchFlowReq,
    responses(
        (status = 200, body = ExecutionView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<ExecutionChange>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let patch = error::request(flow_patch(&body.value()?))?;
    member.may_patch_flow(&patch)?;
    let access = member.access().await?;
    let done = member.app().flow_command(&access, &id, Command::PatchFlow(patch)).await;
    Ok(reply::ok(&flow_execution(&error::execution(done)?.flow, access.tenant_id())))
}
