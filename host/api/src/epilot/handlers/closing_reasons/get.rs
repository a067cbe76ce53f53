//! One closing reason, V2.

use super::shown;
use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::wire::{ErrorBody, ReasonView};
use crate::kit::{ApiResult, Params};

/// Shows a closing reason.
#[utoipa::path(
    get, path = "/v2/workflows/closing-reasons/{reasonId}", operation_id = "getClosingReason", tag = "closing reasons",
    params(("reasonId" = String, Path)),
    responses((status = 200, body = ReasonView), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    shown(member.app(), &access, &id).await
}
