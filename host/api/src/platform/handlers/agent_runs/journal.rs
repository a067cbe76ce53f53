use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{JournalView, view_journal};
use stepwright_engine::TenantId;

/// The journal of a run: every host call and its answer, each row chained to the one before, and whether it is what
/// was written.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/agent-runs/{run}/journal", operation_id = "getAgentRunJournal", tag = "agents",
    params(("t" = String, Path, description = "tenant id"), ("run" = String, Path)),
    responses((status = 200, body = JournalView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, run)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let audited = caller.state().app.agent_journal(&access, &run).await?;
    Ok(reply::ok(&view_journal(audited)))
}
