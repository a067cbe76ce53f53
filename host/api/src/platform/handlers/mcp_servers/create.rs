use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::mcp_server::{McpServerBody, read_server};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{McpServerView, view_mcp_server};
use stepwright_engine::TenantId;

/// Registers a foreign MCP server. Its tools can be used once they are pinned.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/mcp-servers", operation_id = "createMcpServer", tag = "mcp",
    params(("t" = String, Path, description = "tenant id")),
    request_body = McpServerBody,
    responses(
        (status = 201, body = McpServerView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the id is taken"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let draft = read_server(&body, None)?;
    let access = caller.tenant(t).await?;
    let server = caller.state().app.create_mcp_server(&access, draft).await?;
    Ok(reply::created(&view_mcp_server(server)))
}
