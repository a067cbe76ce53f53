//! The closing reasons of an execution.

use super::told;
use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::wire::{ErrorBody, ReasonSnapshots};
use crate::kit::{ApiResult, Params, reply};

/// Lists the reasons the definition offered when the execution was started.
#[utoipa::path(
    get, path = "/v1/workflows/executions/{executionId}/closing-reasons", operation_id = "getClosingReasonExecution",
    tag = "executions V1",
    params(("executionId" = String, Path)),
    responses((status = 200, body = ReasonSnapshots), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let found = told(member.app().flow(&access, &id).await)?;
    Ok(reply::ok(&ReasonSnapshots::of(found.flow.closing.configured_reasons)))
}
