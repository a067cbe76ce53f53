//! All templates.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::translate::{flow_template, list_filter};
use crate::epilot::wire::{ErrorBody, Templates};
use crate::kit::{ApiResult, Query, reply};

/// Lists templates, newest first.
#[utoipa::path(
    get, path = "/v2/flows/templates", operation_id = "listFlowTemplates", tag = "templates",
    params(
        ("trigger_type" = Option<String>, Query, description = "`automation`, `manual` or `journey_submission`"),
        ("trigger_source_id" = Option<String>, Query, description = "an automation's or a journey's id"),
        ("trigger_schema" = Option<String>, Query, description = "an entity schema, with trigger type `manual`"),
    ),
    responses((status = 200, body = Templates), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, query: Query) -> ApiResult {
    let filter = list_filter(&query)?;
    let access = member.access().await?;
    let found = member.app().templates(&access, &filter).await?;
    Ok(reply::ok(&Templates { results: found.iter().map(flow_template).collect() }))
}
