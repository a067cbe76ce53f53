//! One workflow.

use super::{find, shown};
use crate::kit::{ApiResult, Caller, Params, reply};
use crate::softsolz::auth::WorkflowsView;
use crate::softsolz::wire::{Data, ErrorBody, Workflow};

/// Shows a workflow.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/workflows/{id}", operation_id = "getWorkflow", tag = "workflows",
    params(("id" = String, Path, description = "the workflow's id")),
    responses((status = 200, body = Data<Workflow>), (status = 404, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<WorkflowsView>, Params(id): Params<String>) -> ApiResult {
    let access = caller.own_tenant().await?;
    let app = &caller.state().app;
    let definition = find(app, &access, &id).await?;
    Ok(reply::ok(&Data { data: shown(app, &access, &definition).await? }))
}
