//! Changes of an execution.

use super::told;
use crate::epilot::auth::{ExecutionChange, Member};
use crate::epilot::translate::execution_patch;
use crate::epilot::wire::{ErrorBody, WorkflowExecutionPatch};
use crate::kit::{ApiResult, JsonBody, Params, reply};
use stepwright_engine::flow::Command;

/// Changes status, closing reasons, assignees, due date or contexts.
#[utoipa::path(
    patch, path = "/v1/workflows/executions/{executionId}", operation_id = "updateExecution", tag = "executions V1",
    params(("executionId" = String, Path)),
    request_body = WorkflowExecutionPatch,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<ExecutionChange>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let mut patch = execution_patch(&body.value()?)?;
    member.may_patch_flow(&patch)?;
    let access = member.access().await?;
    let current = told(member.app().flow(&access, &id).await)?;
    if let Some(contexts) = &mut patch.contexts {
        // V1 has no word for it: what was the primary context stays so while it is one.
        let primary = current.flow.primary();
        let was = contexts
            .iter_mut()
            .find(|c| primary.as_ref().is_some_and(|p| p.id == c.entity_id && p.schema == c.entity_schema));
        if let Some(context) = was {
            context.is_primary = true;
        }
    }
    told(member.app().flow_command(&access, &id, Command::PatchFlow(patch)).await)?;
    Ok(reply::no_content())
}
