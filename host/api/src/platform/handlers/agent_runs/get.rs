use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{AgentRunDetail, view_run};
use stepwright_engine::TenantId;

/// One run of an agent, and what it has spent.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/agent-runs/{run}", operation_id = "getAgentRun", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("run" = String, Path, description = "the task's agent_execution_id")),
    responses((status = 200, body = AgentRunDetail), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, run)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let (run, spent) = caller.state().app.agent_run(&access, &run).await?;
    Ok(reply::ok(&AgentRunDetail::new(view_run(run), spent)))
}
