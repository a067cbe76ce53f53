use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_engine::{ExecutionId, TenantId};

/// One execution with its nodes.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/executions/{id}", operation_id = "getExecution", tag = "executions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = ExecutionDetail), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, ExecutionId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let view = app.execution(&access, id).await?;
    Ok(reply::ok(&ExecutionDetail::of(app, &view)))
}
