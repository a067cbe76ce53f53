use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{EntityView, view_entity};
use stepwright_engine::TenantId;

/// Entities of a schema in the order of their ids, each with at most ten of the flows about it.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/entities/{schema}", operation_id = "listEntities", tag = "entities",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("schema" = String, Path),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<EntityView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, schema)): Params<(TenantId, String)>, query: Query) -> ApiResult {
    let (limit, after) = (query.limit(DEFAULT_LIMIT, MAX_LIMIT)?, query.text_cursor()?);
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.entities_with_flows(&access, &schema, after.as_deref(), limit).await?;
    Ok(reply::ok(&Page::by_text(listed, |e| &e.id, view_entity)))
}
