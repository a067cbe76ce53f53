//! A new template.

use crate::epilot::auth::{DefinitionCreate, Member};
use crate::epilot::translate::{flow_template, template};
use crate::epilot::wire::{ErrorBody, FlowTemplate};
use crate::kit::{ApiResult, JsonBody, Query, reply};

/// Creates a template.
///
/// Structural errors are refused, all of them at once. What goes beyond a soft limit is told in `limit_warnings`, or
/// refused with `enforce_limits`.
#[utoipa::path(
    post, path = "/v2/flows/templates", operation_id = "createFlowTemplate", tag = "templates",
    params(("enforce_limits" = Option<bool>, Query, description = "refuse what goes beyond a soft limit")),
    request_body = FlowTemplate,
    responses((status = 201, body = FlowTemplate), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionCreate>, query: Query, body: JsonBody) -> ApiResult {
    let sent = template(&body.value()?, query.flag("enforce_limits")?)?;
    let access = member.access().await?;
    let made = member.app().create_template(&access, sent.draft).await?;
    Ok(reply::created(&flow_template(&made)))
}
