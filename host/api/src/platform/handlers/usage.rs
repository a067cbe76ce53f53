//! What a tenant has used, per day.

use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use chrono::Days;
use serde::Serialize;
use stepwright_app::ports::UsageDay;
use stepwright_engine::TenantId;
use utoipa::ToSchema;

/// Days of use; days without any are left out.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
struct UsageView {
    from: String,
    to: String,
    data: Vec<DayView>,
}

/// One day.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageDay)]
struct DayView {
    /// `YYYY-MM-DD`, UTC.
    day: String,
    executions: u64,
    steps: u64,
    fuel: u64,
    host_calls: u64,
    wall_us: u64,
    /// Model tokens; agents are not offered yet.
    tokens: u64,
}

/// Executions, steps and metered use per day; the last 30 days unless `from` and `to` say otherwise.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/usage", operation_id = "getUsage", tag = "usage",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("from" = Option<String>, Query, description = "first day, YYYY-MM-DD"),
        ("to" = Option<String>, Query, description = "last day, YYYY-MM-DD"),
    ),
    responses((status = 200, body = UsageView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let today = caller.state().app.now().datetime().date_naive();
    let to = query.get("to").map_or_else(|| today.to_string(), str::to_owned);
    let from =
        query.get("from").map_or_else(|| (to.parse().unwrap_or(today) - Days::new(29)).to_string(), str::to_owned);
    let access = caller.tenant(t).await?;
    let days = caller.state().app.usage(&access, &from, &to).await?;
    Ok(reply::ok(&UsageView { from, to, data: days.into_iter().map(view).collect() }))
}

fn view(day: UsageDay) -> DayView {
    let UsageDay { day, executions, steps, fuel, host_calls, wall_us } = day;
    DayView { day, executions, steps, fuel, host_calls, wall_us, tokens: 0 }
}
