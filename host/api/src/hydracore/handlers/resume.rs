use super::limit;
use crate::hydracore::auth::{Dashboard, Write};
use crate::hydracore::input::{self, Faults, Presence, Sent, record_id};
use crate::hydracore::respond;
use crate::hydracore::wire::{ActionBody, Detail, HTTPValidationError, ResumeBody};
use crate::kit::{ApiResult, Params, RawBody};
use stepwright_engine::record::Command;

/// Resumes a suspended workflow of the tenant.
#[utoipa::path(
    post, path = "/v1/workflows/{workflow_id}/resume", operation_id = "resumeWorkflow", tag = "workflows",
    params(("workflow_id" = uuid::Uuid, Path)),
    request_body = Option<ResumeBody>,
    responses(
        (status = 200, body = ActionBody),
        (status = 401, body = Detail, description = "no or bad credential"),
        (status = 403, body = Detail, description = "no administrator, or a key without the scope"),
        (status = 404, body = Detail),
        (status = 409, body = Detail, description = "the status does not allow it, or a guard refuses"),
        (status = 413, body = Detail),
        (status = 422, body = HTTPValidationError, description = "every fault of the request"),
        (status = 429, body = Detail),
    ),
)]
pub async fn handle(dashboard: Dashboard<Write>, Params(workflow): Params<String>, body: RawBody) -> ApiResult {
    let sent = Sent::read(body, limit(&dashboard.state)).await?;
    let faults = Faults::default();
    let id = record_id(&faults, "workflow_id", &workflow);
    let members = sent.members(Presence::Optional, &faults)?;
    let asked = members.and_then(|members| input::resume(&faults, &members));
    let (id, data) = faults.or(id.zip(asked))?;
    let command = Command::Resume { data };
    let view = dashboard.app().record_command(&dashboard.access, &dashboard.caller(), id, command).await?;
    respond::action(&view, "Workflow resumed")
}
