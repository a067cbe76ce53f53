use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{EntityView, view_entity};
use stepwright_engine::TenantId;

/// One entity.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/entities/{schema}/{id}", operation_id = "getEntity", tag = "entities",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("schema" = String, Path),
        ("id" = String, Path),
    ),
    responses((status = 200, body = EntityView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, schema, id)): Params<(TenantId, String, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let entity = caller.state().app.entity_with_flows(&access, &schema, &id).await?;
    Ok(reply::ok(&view_entity(entity)))
}
