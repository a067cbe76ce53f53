//! Runs of all workflows, newest first.

use super::runs;
use crate::kit::{ApiResult, Caller, Query};
use crate::softsolz::auth::RunsView;
use crate::softsolz::page;
use crate::softsolz::wire::{ErrorBody, List, Run, RunStatus};

/// Lists runs of all workflows, newest first, those of deleted workflows and executions of other APIs included.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/runs", operation_id = "listRuns", tag = "runs",
    params(
        ("limit" = Option<u32>, Query, description = "entries of a page, default 50, at most 100"),
        ("offset" = Option<u64>, Query, description = "entries to leave out, default 0"),
        ("status" = Option<RunStatus>, Query, description = "only runs of this status"),
    ),
    responses((status = 200, body = List<Run>), (status = 400, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<RunsView>, query: Query) -> ApiResult {
    let wanted = page::wanted(&query)?;
    let access = caller.own_tenant().await?;
    runs(&caller.state().app, &access, None, wanted).await
}
