use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_engine::{Command, ExecutionId, RawJson, TenantId};
use utoipa::ToSchema;

/// What came of it.
#[derive(ToSchema)]
#[schema(as = CompleteTask)]
struct CompleteBody {
    /// Any JSON, the node's output; null unless given.
    #[schema(value_type = Option<Object>)]
    output: RawJson,
}

/// A person completes an open manual node.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/executions/{id}/tasks/{node}/complete", operation_id = "completeTask",
    tag = "executions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path),
        ("node" = String, Path, description = "node id"),
    ),
    request_body = Option<CompleteBody>,
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
    let body =
        body.read_or_empty(|f| CompleteBody { output: f.get("output").map_or_else(RawJson::null, RawJson::from) })?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let task = super::task_of(app, &access, id, &node).await?;
    let view = app.command(&access, id, Command::CompleteTask { task, output: body.output }).await?;
    Ok(reply::ok(&ExecutionDetail::of(app, &view)))
}
