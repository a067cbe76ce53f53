use crate::kit::{ApiError, ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{AgentRunView, view_run};
use stepwright_engine::{ExecutionId, TenantId};

/// Runs of agents, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/agent-runs", operation_id = "listAgentRuns", tag = "agents",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("execution" = Option<String>, Query, description = "only those of this execution"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<AgentRunView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let execution: Option<ExecutionId> = match query.get("execution").map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(ApiError::invalid("/execution", "must be an execution's id")),
    };
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.agent_runs(&access, execution, page).await?;
    Ok(reply::ok(&Page::of(listed, |run| (run.began_at, run.key.uuid()), view_run)))
}
