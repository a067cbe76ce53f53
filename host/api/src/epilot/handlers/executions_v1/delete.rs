//! The end of an execution.

use super::told;
use crate::epilot::auth::{ExecutionDelete, Member};
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};
use axum::response::IntoResponse as _;
use http::StatusCode;
use stepwright_app::AppError;

/// Deletes an execution; the entities it was about stay.
#[utoipa::path(
    delete, path = "/v1/workflows/executions/{executionId}", operation_id = "deleteExecution", tag = "executions V1",
    params(("executionId" = String, Path)),
    responses(
        (status = 204),
        (status = 404, description = "No such execution; without a body."),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<ExecutionDelete>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    match member.app().delete_flow(&access, &id, false).await {
        Err(AppError::NotFound(_)) => Ok(StatusCode::NOT_FOUND.into_response()),
        deleted => told(deleted).map(|()| reply::no_content()),
    }
}
