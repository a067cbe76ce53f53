use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_engine::{Command, ExecutionId, TenantId};
use utoipa::ToSchema;

/// Why.
#[derive(ToSchema)]
#[schema(as = SkipTask)]
struct SkipBody {
    reason: Option<String>,
}

/// A person skips an open manual node.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/executions/{id}/tasks/{node}/skip", operation_id = "skipTask",
    tag = "executions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path),
        ("node" = String, Path, description = "node id"),
    ),
    request_body = Option<SkipBody>,
    responses(
        (status = 200, body = ExecutionDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the node is not open"),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id, node)): Params<(TenantId, ExecutionId, String)>,
    body: JsonBody,
) -> ApiResult {
    let body = body.read_or_empty(|f| SkipBody { reason: f.opt_text("reason") })?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let task = super::task_of(app, &access, id, &node).await?;
    let reason = body.reason.unwrap_or_else(|| "skipped".into());
    let view = app.command(&access, id, Command::SkipTask { task, reason }).await?;
    Ok(reply::ok(&ExecutionDetail::of(app, &view)))
}
