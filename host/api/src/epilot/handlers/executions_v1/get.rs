//! One execution.

use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::translate::workflow_execution;
use crate::epilot::wire::WorkflowExecution;
use crate::kit::{ApiResult, Params, reply};
use axum::response::IntoResponse as _;
use http::StatusCode;
use stepwright_app::AppError;

/// Shows an execution; of an unknown one, nothing: the answer is 200 without a body.
#[utoipa::path(
    get, path = "/v1/workflows/executions/{executionId}", operation_id = "getExecution", tag = "executions V1",
    params(("executionId" = String, Path)),
    responses((status = 200, body = WorkflowExecution, description = "Empty when there is no such execution.")),
)]
pub async fn handle(member: Member<ExecutionRead>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    match member.app().flow(&access, &id).await {
        Err(AppError::NotFound(_)) => Ok(StatusCode::OK.into_response()),
        found => Ok(reply::ok(&workflow_execution(&found?.flow, access.tenant_id()))),
    }
}
