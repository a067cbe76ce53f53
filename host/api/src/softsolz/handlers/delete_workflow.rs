//! The end of a workflow.

use super::find;
use crate::kit::{ApiResult, Caller, IdempotencyHeader, Params, once, reply};
use crate::softsolz::auth::WorkflowsManage;
use crate::softsolz::wire::ErrorBody;

/// Deletes a workflow.
///
/// Its queued and running runs are cancelled; all its runs can still be read.
#[utoipa::path(
    delete, path = "/api/v1/services/workflows/workflows/{id}", operation_id = "deleteWorkflow", tag = "workflows",
    params(
        ("id" = String, Path, description = "the workflow's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer"),
    ),
    responses((status = 204), (status = 404, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<WorkflowsManage>, Params(id): Params<String>, key: IdempotencyHeader) -> ApiResult {
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, &[], move |_| async move {
        let definition = find(&app, &access, &id).await?;
        app.delete_definition(&access, definition.id).await?;
        Ok(reply::no_content())
    })
    .await
}
