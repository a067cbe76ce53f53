use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{McpServerView, view_mcp_server};
use stepwright_engine::TenantId;

/// Asks the server for its tools and pins what it says of them. Look at the answer: from here on agents may use what is
/// allowed, until the server describes a tool otherwise.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/mcp-servers/{id}/pin", operation_id = "pinMcpServer", tag = "mcp",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses(
        (status = 200, body = McpServerView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the server's tools cannot be listed"),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    Ok(reply::ok(&view_mcp_server(caller.state().app.pin_mcp_server(&access, &id).await?)))
}
