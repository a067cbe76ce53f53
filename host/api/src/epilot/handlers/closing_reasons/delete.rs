//! The end of a closing reason, V2.

use crate::epilot::auth::{DefinitionDelete, Member};
use crate::epilot::error;
use crate::epilot::wire::ErrorBody;
use crate::kit::{ApiResult, Params, reply};

/// Takes a closing reason out of the catalogue; templates and flows that have it keep it.
#[utoipa::path(
    delete, path = "/v2/workflows/closing-reasons/{reasonId}", operation_id = "deleteClosingReason",
    tag = "closing reasons",
    params(("reasonId" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionDelete>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    error::closing_reason(member.app().delete_closing_reason(&access, &id).await, &id)?;
    Ok(reply::no_content())
}
