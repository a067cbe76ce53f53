//! A new closing reason.

use crate::epilot::auth::{DefinitionCreate, Member};
use crate::epilot::translate::new_reason;
use crate::epilot::wire::{ErrorBody, ReasonBody, ReasonView};
use crate::kit::{ApiResult, JsonBody, reply};

/// Adds a reason to the catalogue.
#[utoipa::path(
    post, path = "/v1/workflows/closing-reasons", operation_id = "createClosingReason", tag = "closing reasons",
    request_body = ReasonBody,
    responses((status = 201, body = ReasonView), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionCreate>, body: JsonBody) -> ApiResult {
    let (title, status) = body.read(new_reason)?;
    let access = member.access().await?;
    let made = member.app().create_closing_reason(&access, &title, status).await?;
    Ok(reply::created(&ReasonView::from(made)))
}
