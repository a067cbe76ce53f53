use super::path::PluginPath;
use crate::kit::{ApiResult, Caller, reply};
use crate::platform::permissions::Manage;
use crate::platform::problem::Problem;

/// Deletes a version that no definition and no running execution needs.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/plugins/{name}/{version}", operation_id = "deletePlugin", tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("name" = String, Path, description = "may hold one slash, as such or as %2F"),
        ("version" = String, Path),
    ),
    responses(
        (status = 204),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "a definition or a running execution needs it"),
    ),
)]
pub async fn handle(caller: Caller<Manage>, path: PluginPath) -> ApiResult {
    let access = caller.tenant(path.tenant).await?;
    caller.state().app.delete_plugin(&access, &path.name, &path.version).await?;
    Ok(reply::no_content())
}
