//! The closing reasons of a definition.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::error;
use crate::epilot::wire::{ErrorBody, ReasonId, ReasonIds};
use crate::kit::{ApiResult, Params, reply};

/// Lists the reasons a definition offers.
#[utoipa::path(
    get, path = "/v1/workflows/definitions/{definitionId}/closing-reasons",
    operation_id = "getWorkflowClosingReasons", tag = "definitions",
    params(("definitionId" = String, Path)),
    responses((status = 200, body = ReasonIds), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let found = error::template(member.app().template(&access, &id).await, &id)?;
    let reasons = found.document.template.closing_reasons.into_iter().map(|reason| ReasonId { id: reason.id });
    Ok(reply::ok(&ReasonIds { reasons: reasons.collect() }))
}
