use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{McpServerView, view_mcp_server};
use stepwright_engine::TenantId;

/// One foreign MCP server with its pinned tools.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/mcp-servers/{id}", operation_id = "getMcpServer", tag = "mcp",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = McpServerView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    Ok(reply::ok(&view_mcp_server(caller.state().app.mcp_server(&access, &id).await?)))
}
