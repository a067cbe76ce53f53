use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{DeliveryView, view_delivery};
use stepwright_engine::{EndpointId, TenantId};

/// Deliveries to an endpoint, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/webhook-endpoints/{id}/deliveries", operation_id = "listWebhookDeliveries",
    tag = "webhooks",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<DeliveryView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, EndpointId)>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.deliveries(&access, id, page).await?;
    Ok(reply::ok(&Page::of(listed, |d| (d.event.created_at, d.id.uuid()), view_delivery)))
}
