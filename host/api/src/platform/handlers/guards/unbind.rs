use super::type_of;
use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::TenantId;

/// Ends a binding: records of the type move without a guard from then on.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/guards/{workflow_type}", operation_id = "unbindGuard", tag = "guards",
    params(("t" = String, Path, description = "tenant id"), ("workflow_type" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, workflow_type)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.unbind_guard(&access, type_of(&workflow_type)?).await?;
    Ok(reply::no_content())
}
