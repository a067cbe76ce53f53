use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{McpServerView, view_mcp_server};
use stepwright_engine::TenantId;

/// Foreign MCP servers, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/mcp-servers", operation_id = "listMcpServers", tag = "mcp",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<McpServerView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.mcp_servers(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |server| (server.created_at, server.id.uuid()), view_mcp_server)))
}
