//! The end of a template.

use crate::epilot::auth::{DefinitionDelete, Member};
use crate::epilot::error;
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};

/// Deletes a template; flows that were started from it go on.
#[utoipa::path(
    delete, path = "/v2/flows/templates/{flowId}", operation_id = "deleteFlowTemplate", tag = "templates",
    params(("flowId" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionDelete>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    error::template(member.app().delete_template(&access, &id).await, &id)?;
    Ok(reply::no_content())
}
