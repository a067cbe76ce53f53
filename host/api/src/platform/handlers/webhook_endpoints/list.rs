use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{EndpointView, view_endpoint};
use stepwright_engine::TenantId;

/// Endpoints, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/webhook-endpoints", operation_id = "listWebhookEndpoints", tag = "webhooks",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<EndpointView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.endpoints(&access, page).await?;
    Ok(reply::ok(&Page::of(listed, |e| (e.created_at, e.id.uuid()), view_endpoint)))
}
