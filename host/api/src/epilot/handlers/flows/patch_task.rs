//! Changes of a task.

use super::shown_task;
use crate::epilot::auth::{Member, TaskChange};
use crate::epilot::error;
use crate::epilot::translate::task_patch;
use crate::epilot::wire::{ErrorBody, PatchTaskReq, TaskView};
use crate::kit::{ApiResult, JsonBody, Params};
use std::sync::Arc;
use stepwright_engine::NodeId;
use stepwright_engine::flow::{Command, Flow};

/// Changes a task: its status, which lets the execution go on, or anything else of it.
#[utoipa::path(
    patch, path = "/v2/flows/executions/{execution_id}/tasks/{task_id}", operation_id = "patchTask", tag = "tasks",
    params(("execution_id" = String, Path), ("task_id" = String, Path)),
    request_body = PatchTaskReq,
    responses(
        (status = 200, body = TaskView),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "another API's execution"),
    ),
)]
pub async fn handle(
    member: Member<TaskChange>,
    Params((execution, task)): Params<(String, String)>,
    body: JsonBody,
) -> ApiResult {
    let patch = error::request(task_patch(&body.value()?))?;
    let (access, task) = (member.access().await?, NodeId::new(task));
    let command = Command::PatchTask { task: task.clone(), patch: Box::new(patch.clone()) };
    let member = Arc::new(member);
    let (judge, judged) = (Arc::clone(&member), task.clone());
    let allowed = move |flow: &Flow| judge.may_patch_task(flow, &judged, &patch);
    let done = member.app().flow_command_if(&access, &execution, command, allowed).await;
    shown_task(&error::execution(done)?.flow, &task)
}
