use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::automation::{AutomationBody, read_automation};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{AutomationView, view_automation};
use stepwright_engine::TenantId;

/// Makes an automation. Every fault is reported at once.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/automations", operation_id = "createAutomation", tag = "automations",
    params(("t" = String, Path, description = "tenant id")),
    request_body = AutomationBody,
    responses(
        (status = 201, body = AutomationView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "the id is taken"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let draft = read_automation(&body)?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let automation = app.create_automation(&access, draft).await?;
    Ok(reply::created(&view_automation(app, &access, automation)))
}
