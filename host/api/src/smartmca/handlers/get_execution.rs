//! One execution.

use crate::kit::{ApiResult, Caller, Params, reply};
use crate::smartmca::auth::Read;
use crate::smartmca::error::NO_EXECUTION;
use crate::smartmca::wire::{ErrorBody, ExecutionDetail};
use crate::smartmca::{ids, translate};

/// Shows an execution with its nodes, whichever API it was started with.
#[utoipa::path(
    get, path = "/api/public/v1/workflows/executions/{executionId}", operation_id = "getExecution", tag = "executions",
    params(("executionId" = String, Path, description = "the execution's id")),
    responses(
        (status = 200, body = ExecutionDetail),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(caller: Caller<Read>, Params(id): Params<String>) -> ApiResult {
    let access = caller.own_tenant().await?;
    let id = ids::execution(&id).ok_or(NO_EXECUTION)?;
    let view = caller.state().app.execution(&access, id).await?;
    Ok(reply::ok(&translate::detail(&view)))
}
