use super::path::PluginPath;
use crate::kit::{ApiResult, Caller, reply};
use crate::platform::permissions::Manage;
use crate::platform::problem::Problem;
use crate::platform::views::{PluginView, view_plugin};

/// Disables a version; its steps fail with a fault that says so. A built-in stays enabled and loses what it was given.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/plugins/{name}/{version}/disable", operation_id = "disablePlugin",
    tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("name" = String, Path, description = "may hold one slash, as such or as %2F"),
        ("version" = String, Path),
    ),
    responses((status = 200, body = PluginView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Manage>, path: PluginPath) -> ApiResult {
    let access = caller.tenant(path.tenant).await?;
    let app = &caller.state().app;
    let (plugin, left) = app.disable_plugin(&access, &path.name, &path.version).await?;
    Ok(reply::ok(&view_plugin(app, plugin, left)))
}
