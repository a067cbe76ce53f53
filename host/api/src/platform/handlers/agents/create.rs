use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::agent::{AgentBody, read_agent};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{AgentView, view_agent};
use stepwright_engine::TenantId;

/// Makes an agent. Every fault is reported at once.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/agents", operation_id = "createAgent", tag = "agents",
    params(("t" = String, Path, description = "tenant id")),
    request_body = AgentBody,
    responses(
        (status = 201, body = AgentView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the id is taken"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let draft = read_agent(&body)?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let agent = app.create_agent(&access, draft).await?;
    Ok(reply::created(&view_agent(app, agent)))
}
