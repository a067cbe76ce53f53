use crate::kit::{ApiError, ApiResult, Caller, Params, Query, reply};
use crate::platform::handlers::definitions::list::dialect_of;
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::SummaryView;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::ExecutionFilter;
use stepwright_engine::{DefinitionId, TenantId};

/// Executions of all dialects without their nodes, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/executions", operation_id = "listExecutions", tag = "executions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("dialect" = Option<String>, Query),
        ("definition_id" = Option<String>, Query),
        ("status" = Option<String>, Query, description = "several with commas"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<SummaryView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let filter = filter_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.execution_summaries(&access, &filter, page).await?;
    Ok(reply::ok(&Page::of(listed, |e| (e.created_at, e.id.uuid()), SummaryView::from)))
}

fn filter_of(query: &Query) -> ApiResult<ExecutionFilter> {
    let statuses: Vec<String> = query.all("status").map(str::to_owned).collect();
    let known = CoreStatus::ALL.map(CoreStatus::as_str);
    if statuses.iter().any(|status| !known.contains(&status.as_str())) {
        return Err(ApiError::invalid("/status", format!("must be one of {}", known.join(", "))));
    }
    let definition = query.get("definition_id").map(str::parse::<DefinitionId>).transpose();
    let definition = definition.map_err(|_| ApiError::invalid("/definition_id", "must be a definition's id"))?;
    Ok(ExecutionFilter { dialect: dialect_of(query)?, definition, statuses })
}
