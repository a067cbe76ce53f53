//! The catalogue.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::wire::{ErrorBody, ReasonView, Reasons};
use crate::kit::{ApiResult, Query, reply};
use stepwright_app::ReasonStatus;

/// Lists closing reasons, newest first.
#[utoipa::path(
    get, path = "/v1/workflows/closing-reasons", operation_id = "getAllClosingReasons", tag = "closing reasons",
    params(("includeInactive" = Option<bool>, Query, description = "default false")),
    responses((status = 200, body = Reasons), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, query: Query) -> ApiResult {
    let all = query.flag("includeInactive")?;
    let access = member.access().await?;
    let found = member.app().closing_reasons(&access).await?;
    let reasons = found.into_iter().filter(|reason| all || reason.status == ReasonStatus::Active);
    Ok(reply::ok(&Reasons { reasons: reasons.map(ReasonView::from).collect() }))
}
