//! Who underwrites an application.

use super::move_application;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, JsonBody, Params};
use crate::smartmca::auth::Underwriting;
use crate::smartmca::translate;
use crate::smartmca::wire::{AssignUnderwriterBody, ErrorBody, UnderwriterAssigned};

/// Assigns an underwriter.
///
/// Starts the workflows that wait for `application.updated`.
#[utoipa::path(
    post, path = "/api/public/v1/applications/{applicationId}/assign-underwriter", operation_id = "assignUnderwriter",
    tag = "applications",
    params(
        ("applicationId" = String, Path, description = "the application's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    request_body = AssignUnderwriterBody,
    responses(
        (status = 200, body = UnderwriterAssigned),
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
    caller: Caller<Underwriting>,
    Params(id): Params<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> ApiResult {
    let asked = translate::assign_underwriter(&body.value()?)?;
    move_application(caller, id, key, &body, asked).await
}
