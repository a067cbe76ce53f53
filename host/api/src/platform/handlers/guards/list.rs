use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::GuardsView;
use stepwright_engine::TenantId;

/// The guards bound to HydraCore records, by their type.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/guards", operation_id = "listGuards", tag = "guards",
    params(("t" = String, Path, description = "tenant id")),
    responses((status = 200, body = GuardsView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>) -> ApiResult {
    let access = caller.tenant(t).await?;
    Ok(reply::ok(&GuardsView::of(caller.state().app.guards(&access))))
}
