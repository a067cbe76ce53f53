use crate::kit::{ApiError, ApiResult, Caller, Params, RawBody, reply};
use crate::platform::permissions::Publish;
use crate::platform::problem::Problem;
use crate::platform::views::{PluginView, view_plugin};
use stepwright_engine::TenantId;

const WASM: &str = "application/wasm";

/// Publishes a component under the name and version it names itself. The same bytes again change nothing.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/plugins", operation_id = "publishPlugin", tag = "plugins",
    params(("t" = String, Path, description = "tenant id")),
    request_body(content = String, content_type = "application/wasm", description = "the component's bytes"),
    responses(
        (status = 201, body = PluginView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "name and version are published with other bytes"),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 422, body = Problem, description = "says what is wrong with the component"),
    ),
)]
pub async fn handle(caller: Caller<Publish>, Params(t): Params<TenantId>, body: RawBody) -> ApiResult {
    if body.media_type() != WASM {
        return Err(ApiError::UnsupportedType { expected: WASM });
    }
    let bytes = body.read(caller.state().config.limits.component).await?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let plugin = app.publish_plugin(&access, bytes.into()).await?;
    let enablement = app.enabled_plugin(&access, &plugin.info.name);
    Ok(reply::created(&view_plugin(app, plugin, enablement)))
}
