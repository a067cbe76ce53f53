//! A run by hand.

use super::find;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, Params, RawBody, once, reply};
use crate::softsolz::auth::WorkflowsRun;
use crate::softsolz::error::workflow_paused;
use crate::softsolz::wire::{Data, EnqueuedRun, ErrorBody, RunStatus};
use std::time::Duration;
use stepwright_app::AppError;
use stepwright_app::usecases::StartArgs;
use stepwright_engine::RawJson;

/// A run younger than this, scheduled or not, stands against another one by hand.
const MIN_INTERVAL: Duration = Duration::from_secs(30);

/// Queues a run of a workflow and answers at once.
///
/// Any body is ignored. 409 `run_recently_started` when a run of the workflow was created less than 30 seconds ago,
/// 409 `workflow_paused` when the workflow is paused.
#[utoipa::path(
    post, path = "/api/v1/services/workflows/workflows/{id}/run", operation_id = "runWorkflow", tag = "workflows",
    params(
        ("id" = String, Path, description = "the workflow's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    responses(
        (status = 201, body = Data<EnqueuedRun>),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
    ),
)]
pub async fn handle(
    caller: Caller<WorkflowsRun>,
    Params(id): Params<String>,
    key: IdempotencyHeader,
    body: RawBody,
) -> ApiResult {
    let body = body.read(caller.state().config.limits.json).await?;
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, &body, move |seed| async move {
        let workflow = find(&app, &access, &id).await?;
        let args = StartArgs {
            input: RawJson::empty_object(),
            entity: None,
            derive_id: seed.map(|seed| seed.parts("run")),
            begin: false,
            min_interval: Some(MIN_INTERVAL),
            dialect: None,
        };
        match app.start(&access, workflow.id, args, Duration::ZERO).await {
            Ok(started) => {
                let run_id = started.view.execution.id.to_string();
                Ok(reply::created(&Data { data: EnqueuedRun { run_id, status: RunStatus::Queued } }))
            }
            // The only state of a workflow of this API in which it does not start.
            Err(AppError::Conflict(_)) => Err(workflow_paused()),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
