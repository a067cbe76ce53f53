use crate::kit::{ApiResult, Caller, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Operator;
use crate::platform::problem::Problem;
use crate::platform::views::{TenantView, view_tenant};

/// Live tenants, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants", operation_id = "listTenants", tag = "tenants",
    params(("limit" = Option<u32>, Query, description = "1 to 200"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<TenantView>), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Operator>, query: Query) -> ApiResult {
    let listed = caller.state().app.tenants(page_of(&query)?).await?;
    Ok(reply::ok(&Page::of(listed, |t| (t.created_at, t.id.uuid()), |t| view_tenant(&t))))
}
