//! Changes of a phase.

use crate::epilot::auth::{ExecutionDetails, Member};
use crate::epilot::error;
use crate::epilot::translate::{phase, phase_patch};
use crate::epilot::wire::{ErrorBody, PatchPhaseReq, PhaseView};
use crate::kit::{ApiError, ApiResult, JsonBody, Params, reply};
use stepwright_app::AppError;
use stepwright_engine::NodeId;
use stepwright_engine::flow::Command;

/// Changes a phase's name, due date or assignees; its status follows its tasks.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}/phases/{phase_id}", operation_id = "patchPhase", tag = "phases",
    params(("execution_id" = String, Path), ("phase_id" = String, Path)),
    request_body = PatchPhaseReq,
    responses(
        (status = 200, body = PhaseView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(
    member: Member<ExecutionDetails>,
    Params((execution, id)): Params<(String, String)>,
    body: JsonBody,
) -> ApiResult {
    let patch = error::request(phase_patch(&body.value()?))?;
    let (access, id) = (member.access().await?, NodeId::new(id));
    let command = Command::PatchPhase { phase: id.clone(), patch };
    let done = error::execution(member.app().flow_command(&access, &execution, command).await)?;
    let shown = phase(&done.flow, &id).ok_or(ApiError::App(AppError::NotFound("phase")))?;
    Ok(reply::ok(&shown))
}
