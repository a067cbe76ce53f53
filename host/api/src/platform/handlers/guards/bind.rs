use super::type_of;
use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::GuardView;
use serde_json::Value;
use stepwright_app::usecases::GuardDraft;
use stepwright_engine::TenantId;
use utoipa::ToSchema;

/// A guard to be bound.
#[derive(ToSchema)]
#[schema(as = GuardDraft)]
#[expect(dead_code, reason = "describes the body, which is read member by member")]
struct GuardBody {
    /// The name of an enabled plugin, or of a built-in.
    plugin: String,
    /// The guard's id within the plugin.
    guard: String,
    /// Handed to the guard as it is.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    /// Whether transitions go through when the guard cannot answer (it traps, takes too long, or its plugin is not
    /// enabled); `false` unless given.
    fail_open: Option<bool>,
}

/// Binds a guard to the tenant's HydraCore records of a type, instead of the one that was. It is asked inside every
/// change of stage or status, before it is committed, and may refuse it or add to it.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/guards/{workflow_type}", operation_id = "bindGuard", tag = "guards",
    params(("t" = String, Path, description = "tenant id"), ("workflow_type" = String, Path)),
    request_body = GuardBody,
    responses(
        (status = 200, body = GuardView, description = "it stands instead of another"),
        (status = 201, body = GuardView),
        (status = 404, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, workflow_type)): Params<(TenantId, String)>,
    body: JsonBody,
) -> ApiResult {
    let read = body.read(|f| {
        let fail_open = f.opt_bool("fail_open").unwrap_or(false);
        (f.text("plugin"), f.text("guard"), f.raw_object("config"), fail_open)
    })?;
    let access = caller.tenant(t).await?;
    let (plugin, guard, config, fail_open) = read;
    let draft = GuardDraft { workflow_type: type_of(&workflow_type)?, plugin, guard, config, fail_open };
    let (binding, is_new) = caller.state().app.bind_guard(&access, draft).await?;
    let view = GuardView::from(binding);
    Ok(if is_new { reply::created(&view) } else { reply::ok(&view) })
}
