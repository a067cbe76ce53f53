use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_engine::{Command, ExecutionId, TenantId};
use utoipa::ToSchema;

/// Why.
#[derive(ToSchema)]
#[schema(as = CancelExecution)]
struct CancelBody {
    reason: Option<String>,
}

/// Cancels an execution that has not ended.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/executions/{id}/cancel", operation_id = "cancelExecution",
    tag = "executions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = Option<CancelBody>,
    responses(
        (status = 200, body = ExecutionDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "it has ended"),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id)): Params<(TenantId, ExecutionId)>,
    body: JsonBody,
) -> ApiResult {
    let CancelBody { reason } = body.read_or_empty(|f| CancelBody { reason: f.opt_text("reason") })?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let view = app.command(&access, id, Command::Cancel { reason }).await?;
    Ok(reply::ok(&ExecutionDetail::of(app, &view)))
}
