use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{EndpointView, view_endpoint};
use stepwright_engine::{EndpointId, TenantId};

/// One endpoint.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/webhook-endpoints/{id}", operation_id = "getWebhookEndpoint",
    tag = "webhooks",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = EndpointView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, EndpointId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let endpoint = caller.state().app.endpoint(&access, id).await?;
    Ok(reply::ok(&view_endpoint(endpoint)))
}
