use crate::hydracore::auth::{Dashboard, Write};
use crate::hydracore::input::{Faults, record_id};
use crate::hydracore::respond;
use crate::hydracore::wire::{ActionBody, Detail, HTTPValidationError};
use crate::kit::{ApiResult, Params};
use stepwright_engine::record::Command;

/// Cancels a workflow of the tenant that has not ended; its history stays.
#[utoipa::path(
    post, path = "/v1/workflows/{workflow_id}/abort", operation_id = "abortWorkflow", tag = "workflows",
    params(("workflow_id" = uuid::Uuid, Path)),
    responses(
        (status = 200, body = ActionBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "no administrator, or a key without the scope"),
        (status = 404, body = Detail),
        (status = 409, body = Detail, description = "it has ended, or a guard refuses"),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(dashboard: Dashboard<Write>, Params(workflow): Params<String>) -> ApiResult {
    let faults = Faults::default();
    let id = record_id(&faults, "workflow_id", &workflow);
    let id = faults.or(id)?;
    let view = dashboard.app().record_command(&dashboard.access, &dashboard.caller(), id, Command::Abort).await?;
    respond::action(&view, "Workflow aborted")
}
