use crate::kit::{ApiError, ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{HistoryLine, view_history};
use stepwright_engine::{ExecutionId, TenantId};

/// What has happened to an execution, oldest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/executions/{id}/history", operation_id = "getExecutionHistory",
    tag = "executions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<HistoryLine>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, ExecutionId)>, query: Query) -> ApiResult {
    let limit = query.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = match query.get("cursor").filter(|c| !c.is_empty()).map(str::parse::<u32>) {
        None => 0,
        Some(Ok(seq)) => u64::from(seq),
        Some(Err(_)) => return Err(ApiError::invalid("/cursor", "is not a cursor of this list")),
    };
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let view = app.execution(&access, id).await?;
    let listed = app.history(&access, id, after, limit).await?;
    let next_cursor = listed.items.last().filter(|_| listed.has_more).map(|event| event.seq.to_string());
    let data = listed.items.into_iter().map(|event| view_history(&view.execution, event)).collect();
    Ok(reply::ok(&Page::<HistoryLine> { data, next_cursor }))
}
