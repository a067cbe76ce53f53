use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::permissions::Operator;
use crate::platform::problem::Problem;
use stepwright_engine::TenantId;

/// Deletes a tenant, its sandbox and all they own. Refuses while executions run, unless `force` is given.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}", operation_id = "deleteTenant", tag = "tenants",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("force" = Option<bool>, Query, description = "delete running executions too"),
    ),
    responses(
        (status = 204),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "executions run"),
    ),
)]
pub async fn handle(caller: Caller<Operator>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let force = query.flag("force")?;
    let access = caller.tenant(t).await?;
    caller.state().app.delete_tenant(&access, force).await?;
    Ok(reply::no_content())
}
