//! Some templates.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::translate;
use crate::epilot::wire::{ErrorBody, Found, SearchFlowTemplates};
use crate::kit::{ApiResult, JsonBody, reply};

/// Searches templates.
#[utoipa::path(
    post, path = "/v2/flows/templates:search", operation_id = "searchFlowTemplates", tag = "templates",
    request_body = SearchFlowTemplates,
    responses((status = 200, body = Found), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, body: JsonBody) -> ApiResult {
    let (filter, search) = translate::search(&body.value_or_empty()?)?;
    let access = member.access().await?;
    let (hits, found) = member.app().search_templates(&access, &filter, search).await?;
    Ok(reply::ok(&Found { hits, results: found.iter().map(translate::flow_template).collect() }))
}
