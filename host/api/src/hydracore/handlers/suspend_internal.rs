use super::limit;
use crate::hydracore::auth::Agent;
use crate::hydracore::input::{self, Faults, Presence, Sent};
use crate::hydracore::respond;
use crate::hydracore::wire::{ActionBody, Detail, HTTPValidationError, SuspendBody};
use crate::kit::{ApiResult, Params, RawBody};
use stepwright_app::usecases::RecordCaller;
use stepwright_engine::record::Command;

/// Suspends a workflow of an instance at a step.
#[utoipa::path(
    post, path = "/internal/v1/instances/{instance_id}/workflows/{workflow_id}/suspend",
    operation_id = "suspendWorkflowInternal", tag = "workflows",
    params(
        ("instance_id" = uuid::Uuid, Path),
        ("workflow_id" = uuid::Uuid, Path),
    ),
    request_body = SuspendBody,
    responses(
        (status = 200, body = ActionBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "the key is of another instance"),
        (status = 404, body = Detail),
        (status = 409, body = Detail, description = "the status does not allow it, or a guard refuses"),
        (status = 413, body = Detail),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(agent: Agent, Params((instance, workflow)): Params<(String, String)>, body: RawBody) -> ApiResult {
    let sent = Sent::read(body, limit(&agent.state)).await?;
    let faults = Faults::default();
    let id = super::ids(&agent, &faults, (&instance, &workflow));
    let members = sent.members(Presence::Required, &faults)?;
    let asked = members.and_then(|members| input::suspend(&faults, &members));
    let (id, (step, payload)) = faults.or(id.zip(asked))?;
    let caller = RecordCaller::agent(agent.instance, None);
    let command = Command::Suspend { step, payload };
    let view = agent.app().record_command(&agent.access, &caller, id, command).await?;
    respond::action(&view, super::suspended(&view))
}
