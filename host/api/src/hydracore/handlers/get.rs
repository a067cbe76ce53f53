use crate::hydracore::auth::{Dashboard, Read};
use crate::hydracore::input::{Faults, record_id};
use crate::hydracore::respond;
use crate::hydracore::wire::{Detail, HTTPValidationError, RecordBody};
use crate::kit::{ApiResult, Params};
use http::StatusCode;

/// One workflow of the tenant.
#[utoipa::path(
    get, path = "/v1/workflows/{workflow_id}", operation_id = "getWorkflowDashboard", tag = "workflows",
    params(("workflow_id" = uuid::Uuid, Path)),
    responses(
        (status = 200, body = RecordBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "no administrator, or a key without the scope"),
        (status = 404, body = Detail),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(dashboard: Dashboard<Read>, Params(workflow): Params<String>) -> ApiResult {
    let faults = Faults::default();
    let id = record_id(&faults, "workflow_id", &workflow);
    let id = faults.or(id)?;
    respond::record(StatusCode::OK, &dashboard.app().record(&dashboard.access, None, id).await?)
}
