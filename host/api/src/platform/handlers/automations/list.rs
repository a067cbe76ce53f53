use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{AutomationView, view_automation};
use stepwright_engine::TenantId;

/// Automations, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/automations", operation_id = "listAutomations", tag = "automations",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<AutomationView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let listed = app.automations(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |a| (a.created_at, a.id.uuid()), |a| view_automation(app, &access, a))))
}
