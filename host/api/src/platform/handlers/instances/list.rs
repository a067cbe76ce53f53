use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{InstanceView, view_instance};
use stepwright_engine::TenantId;

/// Agent instances, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/instances", operation_id = "listInstances", tag = "instances",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<InstanceView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.instances(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |i| (i.created_at, i.id.uuid()), view_instance)))
}
