use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{KeyView, view_key};
use stepwright_engine::TenantId;

/// Keys of the tenant and of its sandbox, newest first, revoked ones included.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/keys", operation_id = "listKeys", tag = "keys",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<KeyView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.keys(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |k| (k.created_at, k.id.uuid()), view_key)))
}
