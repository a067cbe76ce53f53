//! Runs of one workflow, newest first.

use super::{find, runs};
use crate::kit::{ApiResult, Caller, Params, Query};
use crate::softsolz::auth::RunsView;
use crate::softsolz::page;
use crate::softsolz::wire::{ErrorBody, List, Run, RunStatus};

/// Lists runs of one workflow, newest first.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/workflows/{id}/runs", operation_id = "listWorkflowRuns", tag = "runs",
    params(
        ("id" = String, Path, description = "the workflow's id"),
        ("limit" = Option<u32>, Query, description = "entries of a page, default 50, at most 100"),
        ("offset" = Option<u64>, Query, description = "entries to leave out, default 0"),
        ("status" = Option<RunStatus>, Query, description = "only runs of this status"),
    ),
    responses((status = 200, body = List<Run>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<RunsView>, Params(id): Params<String>, query: Query) -> ApiResult {
    let wanted = page::wanted(&query)?;
    let access = caller.own_tenant().await?;
    let app = &caller.state().app;
    let workflow = find(app, &access, &id).await?;
    runs(app, &access, Some(workflow.id), wanted).await
}
