//! The end of an execution.

use crate::epilot::auth::{ExecutionDelete, Member};
use crate::epilot::error;
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, Query, reply};

/// Deletes an execution; its entities stay.
#[utoipa::path(
    delete, path = "/v2/flows/executions/{execution_id}", operation_id = "deleteFlowExecution", tag = "executions",
    params(
        ("execution_id" = String, Path),
        ("soft" = Option<bool>, Query, description = "keep it for audit, out of everybody's sight"),
    ),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<ExecutionDelete>, Params(id): Params<String>, query: Query) -> ApiResult {
    let soft = error::request(query.flag("soft"))?;
    let access = member.access().await?;
    error::execution(member.app().delete_flow(&access, &id, soft).await)?;
    Ok(reply::no_content())
}
