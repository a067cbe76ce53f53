use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{ConfirmationView, view_confirmation};
use stepwright_engine::TenantId;

/// What agents ask people, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/confirmations", operation_id = "listConfirmations", tag = "agents",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("run" = Option<String>, Query, description = "only those of this run"),
        ("pending" = Option<bool>, Query, description = "true: only those that nobody has answered"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<ConfirmationView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let pending = query.flag("pending")?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let listed = app.confirmations(&access, query.get("run"), pending, page).await?;
    Ok(reply::ok(&Page::of(listed, |c| (c.asked_at, c.id.uuid()), view_confirmation)))
}
