use super::path::PluginPath;
use crate::kit::{ApiResult, Caller, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{PluginView, view_plugin};

/// One published version, or a built-in.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/plugins/{name}/{version}", operation_id = "getPlugin", tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("name" = String, Path, description = "may hold one slash, as such or as %2F"),
        ("version" = String, Path),
    ),
    responses((status = 200, body = PluginView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, path: PluginPath) -> ApiResult {
    let access = caller.tenant(path.tenant).await?;
    let app = &caller.state().app;
    let plugin = app.plugin(&access, &path.name, &path.version).await?;
    Ok(reply::ok(&view_plugin(app, plugin, app.enabled_plugin(&access, &path.name))))
}
