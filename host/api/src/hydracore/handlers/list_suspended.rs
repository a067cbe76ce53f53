use crate::hydracore::auth::{Dashboard, Read};
use crate::hydracore::respond;
use crate::hydracore::wire::{Detail, SuspendedBody};
use crate::kit::ApiResult;

/// The tenant's suspended workflows, the one suspended last first, at most 1000.
#[utoipa::path(
    get, path = "/v1/workflows/suspended", operation_id = "listSuspendedWorkflows", tag = "workflows",
    responses(
        (status = 200, body = Vec<SuspendedBody>),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "no administrator, or a key without the scope"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(dashboard: Dashboard<Read>) -> ApiResult {
    respond::suspended(&dashboard.app().suspended_records(&dashboard.access).await?)
}
