use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{AutomationView, view_automation};
use stepwright_engine::TenantId;

/// One automation.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/automations/{id}", operation_id = "getAutomation", tag = "automations",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = AutomationView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, String)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let automation = app.automation(&access, &id).await?;
    Ok(reply::ok(&view_automation(app, &access, automation)))
}
