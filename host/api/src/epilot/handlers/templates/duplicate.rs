//! A copy of a template.

use crate::epilot::auth::{DefinitionCreate, Member};
use crate::epilot::error;
use crate::epilot::translate::flow_template;
use crate::epilot::wire::{ErrorBody, FlowTemplate};
use crate::kit::{ApiResult, Params, reply};

/// Copies a template; the copy's name says so. There is no body, whatever its type.
#[utoipa::path(
    post, path = "/v2/flows/templates/{flowId}/duplicate", operation_id = "duplicateFlowTemplate", tag = "templates",
    params(("flowId" = String, Path)),
    responses((status = 201, body = FlowTemplate), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionCreate>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let made = error::template(member.app().duplicate_template(&access, &id).await, &id)?;
    Ok(reply::created(&flow_template(&made)))
}
