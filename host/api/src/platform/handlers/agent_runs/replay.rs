use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ReplayView;
use stepwright_engine::TenantId;

/// Runs an ended run again, from its journal alone: no tool and no model is called, nothing is written. Says whether it
/// comes to the same.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/agent-runs/{run}/replay", operation_id = "replayAgentRun", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("run" = String, Path)),
    responses(
        (status = 200, body = ReplayView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the run goes on"),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, run)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let report = caller.state().app.replay_agent_run(&access, &run).await?;
    Ok(reply::ok(&ReplayView::from(report)))
}
