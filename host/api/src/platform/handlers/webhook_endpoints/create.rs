use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::EndpointWithSecret;
use stepwright_app::usecases::NewEndpoint;
use stepwright_engine::{Dialect, TenantId};
use utoipa::ToSchema;

/// An endpoint to be made.
#[derive(ToSchema)]
#[schema(as = NewWebhookEndpoint)]
struct NewEndpointBody {
    /// Whose events; the platform's cover executions of all dialects.
    #[schema(value_type = String)]
    dialect: Dialect,
    url: String,
    /// Event types; empty or `*` means all.
    events: Vec<String>,
}

/// Makes an endpoint; the answer shows its signing secret.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/webhook-endpoints", operation_id = "createWebhookEndpoint", tag = "webhooks",
    params(("t" = String, Path, description = "tenant id")),
    request_body = NewEndpointBody,
    responses(
        (status = 201, body = EndpointWithSecret),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "there are too many"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let new = body.read(|f| {
        if f.get("dialect").is_none() {
            f.fault("dialect", "is required");
        }
        let dialects = Dialect::ALL.map(|d| (d.as_str(), d));
        NewEndpointBody {
            dialect: f.opt_choice("dialect", &dialects).unwrap_or(Dialect::Platform),
            url: f.text("url"),
            events: f.texts("events"),
        }
    })?;
    let access = caller.tenant(t).await?;
    let new = NewEndpoint { dialect: new.dialect, url: new.url, events: new.events };
    let endpoint = caller.state().app.create_endpoint(&access, new).await?;
    Ok(reply::created(&EndpointWithSecret::from(endpoint)))
}
