use crate::kit::{ApiError, ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::agent::{AgentBody, read_agent};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{AgentView, view_agent};
use stepwright_engine::TenantId;

/// Replaces an agent. Runs under way finish with the agent they started with.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/agents/{id}", operation_id = "replaceAgent", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = AgentBody,
    responses(
        (status = 200, body = AgentView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "somebody else has just replaced it"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, String)>, body: JsonBody) -> ApiResult {
    let draft = read_agent(&body)?;
    if draft.name.as_ref().is_some_and(|named| *named != id) {
        return Err(ApiError::invalid("/id", "must be absent or the same as in the path"));
    }
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let current = app.agent(&access, &id).await?;
    let agent = app.replace_agent(&access, &current, draft).await?;
    Ok(reply::ok(&view_agent(app, agent)))
}
