use super::type_of;
use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::GuardView;
use stepwright_engine::TenantId;

/// The guard bound to HydraCore records of a type.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/guards/{workflow_type}", operation_id = "getGuard", tag = "guards",
    params(("t" = String, Path, description = "tenant id"), ("workflow_type" = String, Path)),
    responses((status = 200, body = GuardView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, workflow_type)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let binding = caller.state().app.guard(&access, type_of(&workflow_type)?)?;
    Ok(reply::ok(&GuardView::from(binding)))
}
