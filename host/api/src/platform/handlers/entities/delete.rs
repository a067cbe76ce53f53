use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::TenantId;

/// Deletes an entity.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/entities/{schema}/{id}", operation_id = "deleteEntity", tag = "entities",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("schema" = String, Path),
        ("id" = String, Path),
    ),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, schema, id)): Params<(TenantId, String, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.delete_entity(&access, &schema, &id).await?;
    Ok(reply::no_content())
}
