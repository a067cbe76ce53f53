//! Mail of a tenant.

use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{MailView, view_mail};
use stepwright_engine::TenantId;

/// Mail as queued, sent, captured or failed, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/outbox", operation_id = "listOutbox", tag = "outbox",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<MailView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.outbox(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |m| (m.created_at, m.id.uuid()), view_mail)))
}
