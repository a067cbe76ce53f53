use crate::kit::{ApiError, ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::automation::{AutomationBody, read_automation};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{AutomationView, view_automation};
use stepwright_engine::TenantId;

/// Replaces an automation's name and actions. Runs under way finish with the actions they started with.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/automations/{id}", operation_id = "replaceAutomation", tag = "automations",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = AutomationBody,
    responses(
        (status = 200, body = AutomationView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "somebody else has just replaced it"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, String)>, body: JsonBody) -> ApiResult {
    let draft = read_automation(&body)?;
    if draft.flow_id.as_ref().is_some_and(|named| *named != id) {
        return Err(ApiError::invalid("/id", "must be absent or the same as in the path"));
    }
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let current = app.automation(&access, &id).await?;
    let automation = app.replace_automation(&access, &current, draft).await?;
    Ok(reply::ok(&view_automation(app, &access, automation)))
}
