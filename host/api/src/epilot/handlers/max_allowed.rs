//! How many more templates there may be.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::wire::MaxAllowed;
use crate::kit::{ApiResult, reply};

/// Tells how many templates and definitions there are and may be.
#[utoipa::path(
    get, path = "/v1/workflows/limits/max-allowed", operation_id = "getMaxAllowedLimit", tag = "limits",
    responses((status = 200, body = MaxAllowed)),
)]
pub async fn handle(member: Member<DefinitionView>) -> ApiResult {
    let access = member.access().await?;
    let (current_no_of_workflows, max_allowed) = member.app().template_limits(&access).await?;
    Ok(reply::ok(&MaxAllowed { current_no_of_workflows, max_allowed }))
}
