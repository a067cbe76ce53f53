use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::view_settings;
use stepwright_engine::TenantId;

/// The settings; secrets are shown as `"set"`.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/settings", operation_id = "getSettings", tag = "settings",
    params(("t" = String, Path, description = "tenant id")),
    responses((status = 200, body = Object), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>) -> ApiResult {
    let access = caller.tenant(t).await?;
    Ok(reply::ok(&view_settings(&access.tenant().settings)))
}
