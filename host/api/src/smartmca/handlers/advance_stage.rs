//! The next stage of an application.

use super::move_application;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, JsonBody, Params};
use crate::smartmca::auth::Trigger;
use crate::smartmca::translate;
use crate::smartmca::wire::{AdvanceStageBody, ErrorBody, StageAdvanced};

/// Advances an application, one stage along the line unless one is named.
///
/// Stages may be skipped, and the line left to `declined` or `withdrawn`. 409 backwards, and from where it ends. Starts
/// the workflows that wait for `application.stage_changed`.
#[utoipa::path(
    post, path = "/api/public/v1/applications/{applicationId}/advance-stage", operation_id = "advanceApplicationStage",
    tag = "applications",
    params(
        ("applicationId" = String, Path, description = "the application's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    request_body = AdvanceStageBody,
    responses(
        (status = 200, body = StageAdvanced),
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
    let asked = translate::advance_stage(&body.value_or_empty()?)?;
    move_application(caller, id, key, &body, asked).await
}
