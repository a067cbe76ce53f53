//! Changes of a step.

use super::told;
use crate::epilot::auth::{Member, TaskChange};
use crate::epilot::translate::{step, step_patch};
use crate::epilot::wire::{ErrorBody, WorkflowStep, WorkflowStepPatch};
use crate::kit::{ApiError, ApiResult, JsonBody, Params, reply};
use std::sync::Arc;
use stepwright_app::AppError;
use stepwright_engine::NodeId;
use stepwright_engine::flow::{Command, Flow};

/// Changes a step: status, assignees, due date, place and more, all of it or nothing.
#[utoipa::path(
    patch, path = "/v1/workflows/executions/{executionId}/steps/{stepId}", operation_id = "updateStep",
    tag = "executions V1",
    params(("executionId" = String, Path), ("stepId" = String, Path)),
    request_body = WorkflowStepPatch,
    responses(
        (status = 200, body = WorkflowStep),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(
    member: Member<TaskChange>,
    Params((id, step_id)): Params<(String, String)>,
    body: JsonBody,
) -> ApiResult {
    let sent = step_patch(&body.value()?)?;
    let access = member.access().await?;
    let step_id = NodeId::new(step_id);
    let current = told(member.app().flow(&access, &id).await)?;
    let patch = sent.of(current.flow.task(&step_id).ok_or(AppError::NotFound("step"))?);
    let command = Command::PatchTask { task: step_id.clone(), patch: Box::new(patch.clone()) };
    let member = Arc::new(member);
    let (judge, judged) = (Arc::clone(&member), step_id.clone());
    let allowed = move |flow: &Flow| judge.may_patch_task(flow, &judged, &patch);
    let view = told(member.app().flow_command_if(&access, &id, command, allowed).await)?;
    let changed = view.flow.task(&step_id).ok_or(ApiError::Panic)?;
    Ok(reply::ok(&step(&view.flow, changed)))
}
