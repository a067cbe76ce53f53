//! One execution.

use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::error;
use crate::epilot::translate::flow_execution;
use crate::epilot::wire::{ErrorBody, ExecutionView};
use crate::kit::{ApiResult, Params, reply};

/// Shows an execution with its phases, tasks and edges.
#[utoipa::path(
    get, path = "/v2/flows/executions/{execution_id}", operation_id = "getFlowExecution", tag = "executions",
    params(("execution_id" = String, Path)),
    responses((status = 200, body = ExecutionView), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let found = error::execution(member.app().flow(&access, &id).await)?;
    Ok(reply::ok(&flow_execution(&found.flow, access.tenant_id())))
}
