use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{TenantView, view_tenant};
use stepwright_engine::TenantId;

/// One tenant, or a sandbox.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}", operation_id = "getTenant", tag = "tenants",
    params(("t" = String, Path, description = "tenant id")),
    responses((status = 200, body = TenantView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>) -> ApiResult {
    let access = caller.tenant(t).await?;
    Ok(reply::ok(&view_tenant(access.tenant())))
}
