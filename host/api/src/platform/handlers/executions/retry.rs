use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_engine::{Command, ExecutionId, TenantId};

/// Runs the failed nodes of a failed execution again.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/executions/{id}/retry", operation_id = "retryExecution",
    tag = "executions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses(
        (status = 200, body = ExecutionDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it has not failed"),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, ExecutionId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let view = app.command(&access, id, Command::Retry).await?;
    Ok(reply::ok(&ExecutionDetail::of(app, &view)))
}
