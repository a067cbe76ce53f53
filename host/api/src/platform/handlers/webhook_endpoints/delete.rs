use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::{EndpointId, TenantId};

/// Deletes an endpoint and its deliveries.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/webhook-endpoints/{id}", operation_id = "deleteWebhookEndpoint",
    tag = "webhooks",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, EndpointId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.delete_endpoint(&access, id).await?;
    Ok(reply::no_content())
}
