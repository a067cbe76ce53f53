//! A workflow that is to run again.

use super::set_status;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, Params, RawBody, once};
use crate::softsolz::auth::WorkflowsManage;
use crate::softsolz::wire::{Data, ErrorBody, Workflow};
use stepwright_engine::DefinitionStatus;

/// Resumes a workflow.
///
/// Its schedule goes on with the next tick; those missed meanwhile stay missed. Resuming again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/services/workflows/workflows/{id}/resume", operation_id = "resumeWorkflow", tag = "workflows",
    params(
        ("id" = String, Path, description = "the workflow's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    responses((status = 200, body = Data<Workflow>), (status = 404, body = ErrorBody)),
)]
pub async fn handle(
    caller: Caller<WorkflowsManage>,
    Params(id): Params<String>,
    key: IdempotencyHeader,
    body: RawBody,
) -> ApiResult {
    let body = body.read(caller.state().config.limits.json).await?;
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, &body, move |_| async move {
        set_status(&app, &access, &id, DefinitionStatus::Active).await
    })
    .await
}
