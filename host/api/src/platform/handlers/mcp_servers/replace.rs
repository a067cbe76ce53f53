use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::mcp_server::{McpServerBody, read_server};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{McpServerView, view_mcp_server};
use stepwright_engine::TenantId;

/// Registers a server anew. Its tools stay pinned as long as the URL stays the same.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/mcp-servers/{id}", operation_id = "replaceMcpServer", tag = "mcp",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = McpServerBody,
    responses(
        (status = 200, body = McpServerView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "somebody else has just changed it"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, String)>, body: JsonBody) -> ApiResult {
    let draft = read_server(&body, Some(&id))?;
    let access = caller.tenant(t).await?;
    let server = caller.state().app.replace_mcp_server(&access, &id, draft).await?;
    Ok(reply::ok(&view_mcp_server(server)))
}
