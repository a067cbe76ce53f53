//! Another graph for a template.

use crate::epilot::auth::{DefinitionEdit, Member};
use crate::epilot::error;
use crate::epilot::translate::{Sent, flow_template, template};
use crate::epilot::wire::{ErrorBody, FlowTemplate};
use crate::kit::{ApiResult, JsonBody, Params, Query, reply};

/// Replaces a template as a whole; flows under way keep the one they were started from.
///
/// With `updated_at` in the body, only if the template was last changed at that instant.
#[utoipa::path(
    put, path = "/v2/flows/templates/{flowId}", operation_id = "updateFlowTemplate", tag = "templates",
    params(
        ("flowId" = String, Path),
        ("enforce_limits" = Option<bool>, Query, description = "refuse what goes beyond a soft limit"),
    ),
    request_body = FlowTemplate,
    responses(
        (status = 200, body = FlowTemplate),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "somebody else has changed it since it was loaded"),
    ),
)]
pub async fn handle(
    member: Member<DefinitionEdit>,
    Params(id): Params<String>,
    query: Query,
    body: JsonBody,
) -> ApiResult {
    let Sent { draft, seen } = template(&body.value()?, query.flag("enforce_limits")?)?;
    let access = member.access().await?;
    let saved = member.app().change_template(&access, &id, seen, |_| draft.clone()).await;
    Ok(reply::ok(&flow_template(&error::template(saved, &id)?)))
}
