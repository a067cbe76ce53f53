//! One run.

use super::id as uuid;
use crate::kit::{ApiResult, Caller, Params, reply};
use crate::softsolz::auth::RunsView;
use crate::softsolz::error::NO_RUN;
use crate::softsolz::translate;
use crate::softsolz::wire::{Data, ErrorBody, Run};
use stepwright_app::AppError;
use stepwright_engine::ExecutionId;

/// Shows a run with its steps; also an execution of another API.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/runs/{id}", operation_id = "getRun", tag = "runs",
    params(("id" = String, Path, description = "the run's id")),
    responses((status = 200, body = Data<Run>), (status = 404, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<RunsView>, Params(id): Params<String>) -> ApiResult {
    let access = caller.own_tenant().await?;
    let id = uuid(&id).map(ExecutionId::from_uuid).ok_or(NO_RUN)?;
    match caller.state().app.execution(&access, id).await {
        Ok(view) => Ok(reply::ok(&Data { data: translate::run(&view.definition, &view.execution) })),
        Err(AppError::NotFound(_)) => Err(NO_RUN),
        Err(error) => Err(error.into()),
    }
}
