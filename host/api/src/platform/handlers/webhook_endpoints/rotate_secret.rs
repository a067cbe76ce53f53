use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::EndpointWithSecret;
use stepwright_engine::{EndpointId, TenantId};

/// Gives an endpoint a new signing secret; the old one still signs for a day.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/webhook-endpoints/{id}/rotate-secret", operation_id = "rotateWebhookSecret",
    tag = "webhooks",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = EndpointWithSecret), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, EndpointId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let endpoint = caller.state().app.rotate_secret(&access, id).await?;
    Ok(reply::ok(&EndpointWithSecret::from(endpoint)))
}
