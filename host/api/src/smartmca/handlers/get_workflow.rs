//! One workflow.

use super::find;
use crate::kit::{ApiResult, Caller, Params, reply};
use crate::smartmca::auth::Read;
use crate::smartmca::translate;
use crate::smartmca::wire::{ErrorBody, TypeDetail};

/// Shows a workflow with its settings, also one that is not active.
#[utoipa::path(
    get, path = "/api/public/v1/workflows/{id}", operation_id = "getWorkflow", tag = "workflows",
    params(("id" = String, Path, description = "the workflow's id")),
    responses(
        (status = 200, body = TypeDetail),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(caller: Caller<Read>, Params(id): Params<String>) -> ApiResult {
    let access = caller.own_tenant().await?;
    let definition = find(&caller.state().app, &access, &id).await?;
    Ok(reply::ok(&translate::type_detail(&definition)))
}
