use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{AgentView, view_agent};
use stepwright_engine::TenantId;

/// One agent.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/agents/{id}", operation_id = "getAgent", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = AgentView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let agent = app.agent(&access, &id).await?;
    Ok(reply::ok(&view_agent(app, agent)))
}
