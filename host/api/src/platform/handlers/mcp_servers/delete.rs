use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::TenantId;

/// Forgets a foreign MCP server; agents do not find its tools any more.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/mcp-servers/{id}", operation_id = "deleteMcpServer", tag = "mcp",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.delete_mcp_server(&access, &id).await?;
    Ok(reply::no_content())
}
