use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{EndpointView, view_endpoint};
use stepwright_engine::{EndpointId, TenantId};
use utoipa::ToSchema;

/// What to change; absent members stay.
#[derive(ToSchema)]
#[schema(as = WebhookEndpointPatch)]
struct EndpointPatch {
    url: Option<String>,
    /// Null or empty means all.
    events: Option<Vec<String>>,
    /// Switching it on clears why it was disabled.
    enabled: Option<bool>,
}

/// Changes an endpoint.
#[utoipa::path(
    patch, path = "/platform/v1/tenants/{t}/webhook-endpoints/{id}", operation_id = "updateWebhookEndpoint",
    tag = "webhooks",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = EndpointPatch,
    responses((status = 200, body = EndpointView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id)): Params<(TenantId, EndpointId)>,
    body: JsonBody,
) -> ApiResult {
    let patch = body.read(|f| EndpointPatch {
        url: f.opt_text("url"),
        events: f.has("events").then(|| f.texts("events")),
        enabled: f.opt_bool("enabled"),
    })?;
    let access = caller.tenant(t).await?;
    let EndpointPatch { url, events, enabled } = patch;
    let endpoint = caller.state().app.update_endpoint(&access, id, url, events, enabled).await?;
    Ok(reply::ok(&view_endpoint(endpoint)))
}
