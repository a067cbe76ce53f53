//! Changes to a workflow.

use super::{MAX_TRIES, find, keeps_changing, written};
use crate::kit::{ApiError, ApiResult, Caller, IdempotencyHeader, JsonBody, Params, once, reply};
use crate::softsolz::auth::WorkflowsManage;
use crate::softsolz::error::NO_WORKFLOW;
use crate::softsolz::translate::{self, Catalog, in_own_words};
use crate::softsolz::wire::{Data, ErrorBody, UpdateBody, Workflow};
use serde_json::Value;
use stepwright_app::usecases::Access;
use stepwright_app::{App, AppError};

/// Changes a workflow.
///
/// What the body does not name stays as it is; the rules hold for the result. Runs under way are not touched.
#[utoipa::path(
    put, path = "/api/v1/services/workflows/workflows/{id}", operation_id = "updateWorkflow", tag = "workflows",
    params(
        ("id" = String, Path, description = "the workflow's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    request_body = UpdateBody,
    responses(
        (status = 200, body = Data<Workflow>),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "the idempotency key was used with another body"),
    ),
)]
pub async fn handle(
    caller: Caller<WorkflowsManage>,
    Params(id): Params<String>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> ApiResult {
    let change = body.value()?;
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, body.bytes(), move |_| async move {
        update(&app, &access, &id, &change).await
    })
    .await
}

async fn update(app: &App, access: &Access, id: &str, change: &Value) -> ApiResult {
    let catalog = Catalog::of(app);
    for _ in 0..MAX_TRIES {
        let current = match find(app, access, id).await {
            Ok(current) => current,
            Err(error) => {
                // What is wrong with the body by itself comes before what does not exist.
                return Err(if error == NO_WORKFLOW {
                    translate::readable(change).err().unwrap_or(error)
                } else {
                    error
                });
            }
        };
        let (spec, faults) = translate::update(&current, change, &catalog)?;
        let draft = spec.draft(&catalog);
        if !faults.is_empty() {
            let found = app.definition_faults(access, draft).await?;
            return Err(ApiError::Invalid(faults.with_found(found).into_vec()));
        }
        match app.update_definition(access, &current, draft).await {
            Ok(next) => return Ok(reply::ok(&written(app, access, &next).await?)),
            Err(AppError::Conflict(_)) => {}
            Err(AppError::Invalid(found)) => return Err(ApiError::Invalid(in_own_words(found))),
            Err(error) => return Err(error.into()),
        }
    }
    Err(keeps_changing())
}
