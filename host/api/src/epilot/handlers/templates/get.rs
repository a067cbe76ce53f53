//! One template.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::error;
use crate::epilot::translate::flow_template;
use crate::epilot::wire::{ErrorBody, FlowTemplate};
use crate::kit::{ApiResult, Params, reply};

/// Shows a template.
#[utoipa::path(
    get, path = "/v2/flows/templates/{flowId}", operation_id = "getFlowTemplate", tag = "templates",
    params(("flowId" = String, Path)),
    responses((status = 200, body = FlowTemplate), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let found = error::template(member.app().template(&access, &id).await, &id)?;
    Ok(reply::ok(&flow_template(&found)))
}
