use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::{DefinitionId, TenantId};

/// Deletes a definition of any dialect and cancels its open executions; their history stays.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/definitions/{id}", operation_id = "deleteDefinition", tag = "definitions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, DefinitionId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.delete_definition(&access, id).await?;
    Ok(reply::no_content())
}
