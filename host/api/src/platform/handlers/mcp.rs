use crate::kit::auth::check_scopes;
use crate::kit::{ApiResult, Caller, JsonBody, Params, Permission as _};
use crate::platform::mcp;
use crate::platform::permissions::{Read, Write};
use crate::platform::problem::Problem;
use http::HeaderMap;
use stepwright_engine::TenantId;

/// The Model Context Protocol (streamable HTTP, without sessions): the tenant's workflows and step types as tools.
///
/// A call starts an execution. Clients that know tasks get one; others wait for its end. Listing and looking need
/// `platform:read`, everything else `platform:write`.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/mcp", operation_id = "callMcp", tag = "mcp",
    params(("t" = String, Path, description = "tenant id")),
    request_body(content = Object, description = "one JSON-RPC 2.0 message of the protocol, 2025-03-26 to 2026-07-28"),
    responses(
        (status = 200, body = Object, description = "the JSON-RPC answer"),
        (status = 202, description = "a notification was taken"),
        (status = 404, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Read>,
    Params(t): Params<TenantId>,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    let access = caller.tenant(t).await?;
    let may_call = check_scopes(&caller.principal, Write::SCOPES).is_ok();
    Ok(mcp::answer(caller.state().app.clone(), access, may_call, &headers, &body).await)
}
