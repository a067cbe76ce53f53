//! Changes to a closing reason, V2.

use crate::epilot::auth::{DefinitionEdit, Member};
use crate::epilot::error;
use crate::epilot::translate::reason_patch;
use crate::epilot::wire::{ErrorBody, ReasonBody, ReasonView};
use crate::kit::{ApiResult, JsonBody, Params, reply};

/// Changes a closing reason; what the body does not name stays.
#[utoipa::path(
    patch, path = "/v2/workflows/closing-reasons/{reasonId}", operation_id = "updateClosingReason",
    tag = "closing reasons",
    params(("reasonId" = String, Path)),
    request_body = ReasonBody,
    responses((status = 200, body = ReasonView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionEdit>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let patch = body.read(reason_patch)?;
    let access = member.access().await?;
    let saved = error::closing_reason(member.app().change_closing_reason(&access, &id, patch).await, &id)?;
    Ok(reply::ok(&ReasonView::from(saved)))
}
