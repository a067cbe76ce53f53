//! A closing reason in or out of use, V1.

use crate::epilot::auth::{DefinitionEdit, Member};
use crate::epilot::error;
use crate::epilot::translate::reason_status;
use crate::epilot::wire::{ErrorBody, ReasonStatusBody};
use crate::kit::{ApiResult, JsonBody, Params};
use axum::response::IntoResponse as _;
use http::StatusCode;

/// Changes the status of a closing reason.
#[utoipa::path(
    patch, path = "/v1/workflows/closing-reasons/{reasonId}", operation_id = "changeReasonStatus",
    tag = "closing reasons",
    params(("reasonId" = String, Path)),
    request_body = ReasonStatusBody,
    responses((status = 202), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionEdit>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let patch = body.read(reason_status)?;
    let access = member.access().await?;
    error::closing_reason(member.app().change_closing_reason(&access, &id, patch).await, &id)?;
    Ok(StatusCode::ACCEPTED.into_response())
}
