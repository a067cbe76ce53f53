//! Another status of an application.

use super::move_application;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, JsonBody, Params};
use crate::smartmca::auth::Trigger;
use crate::smartmca::translate;
use crate::smartmca::wire::{ChangeStatusBody, ErrorBody, StatusChanged};

/// Changes an application's status.
///
/// Starts the workflows that wait for `application.status_changed`. 422 when the workspace has a list of statuses that
/// this is none of.
#[utoipa::path(
    post, path = "/api/public/v1/applications/{applicationId}/change-status", operation_id = "changeApplicationStatus",
    tag = "applications",
    params(
        ("applicationId" = String, Path, description = "the application's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    request_body = ChangeStatusBody,
    responses(
        (status = 200, body = StatusChanged),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody),
        (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(
    caller: Caller<Trigger>,
    Params(id): Params<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> ApiResult {
    let asked = translate::change_status(&body.value()?)?;
    move_application(caller, id, key, &body, asked).await
}
