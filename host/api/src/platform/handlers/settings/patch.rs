use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::settings::patched;
use crate::platform::views::view_settings;
use stepwright_engine::TenantId;

/// Changes the settings: a JSON merge patch. `null` clears a member, `"set"` leaves a secret as it is; unknown
/// members are refused. Only the operator may change `webhooks` and `quotas`.
#[utoipa::path(
    patch, path = "/platform/v1/tenants/{t}/settings", operation_id = "patchSettings", tag = "settings",
    params(("t" = String, Path, description = "tenant id")),
    request_body = Object,
    responses(
        (status = 200, body = Object),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let patch = body.value()?;
    let access = caller.tenant(t).await?;
    let settings = patched(&access.tenant().settings, &patch)?;
    let saved = caller.state().app.save_settings(&access, settings).await?;
    Ok(reply::ok(&view_settings(&saved)))
}
