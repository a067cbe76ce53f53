use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{PluginView, view_plugin};
use stepwright_app::{Listed, Plugin};
use stepwright_engine::TenantId;
use uuid::Uuid;

/// Published versions, newest first; with `built_in=true` the plugins that come with the host.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/plugins", operation_id = "listPlugins", tag = "plugins",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
        ("built_in" = Option<bool>, Query, description = "the plugins that come with the host, all at once"),
    ),
    responses((status = 200, body = Page<PluginView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let built_in = query.flag("built_in")?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let listed = match built_in {
        true => Listed { items: app.builtin_plugins(&access), has_more: false },
        false => app.plugins(&access, page).await?,
    };
    let view = |plugin: Plugin| {
        let enablement = app.enabled_plugin(&access, &plugin.info.name);
        view_plugin(app, plugin, enablement)
    };
    Ok(reply::ok(&Page::of(listed, |p| (p.published_at, place(p)), view)))
}

/// A version has no id of its own; the store orders by the digest's first half.
fn place(plugin: &Plugin) -> Uuid {
    plugin.info.digest.get(..32).and_then(|half| Uuid::try_parse(half).ok()).unwrap_or_default()
}
