use crate::hydracore::auth::Agent;
use crate::hydracore::input::Faults;
use crate::hydracore::respond;
use crate::hydracore::wire::{Detail, HTTPValidationError, RecordBody};
use crate::kit::{ApiResult, Params};
use http::StatusCode;

/// One workflow of an instance.
#[utoipa::path(
    get, path = "/internal/v1/instances/{instance_id}/workflows/{workflow_id}", operation_id = "getWorkflowInternal",
    tag = "workflows",
    params(
        ("instance_id" = uuid::Uuid, Path),
        ("workflow_id" = uuid::Uuid, Path),
    ),
    responses(
        (status = 200, body = RecordBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "the key is of another instance"),
        (status = 404, body = Detail),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(agent: Agent, Params((instance, workflow)): Params<(String, String)>) -> ApiResult {
    let faults = Faults::default();
    let id = super::ids(&agent, &faults, (&instance, &workflow));
    let id = faults.or(id)?;
    respond::record(StatusCode::OK, &agent.app().record(&agent.access, Some(agent.instance), id).await?)
}
