//! A schedule by its own id (deprecated).

use crate::epilot::auth::{Member, TaskUpdate};
use crate::epilot::error;
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};

/// Cancels a schedule; its task is skipped, and the execution goes on.
#[utoipa::path(
    post, path = "/v2/flows/executions/{execution_id}/schedules/{schedule_id}", operation_id = "cancelSchedule",
    tag = "schedules",
    params(("execution_id" = String, Path), ("schedule_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(member: Member<TaskUpdate>, Params((execution, schedule)): Params<(String, String)>) -> ApiResult {
    let access = member.access().await?;
    error::execution(member.app().cancel_flow_schedule(&access, &execution, &schedule).await)?;
    Ok(reply::no_content())
}
