use crate::kit::auth::is_scope_of;
use crate::kit::{ApiError, ApiResult, ApiState, Caller, Fields, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::NewKeyView;
use stepwright_app::usecases::{Access, NewKeyRequest};
use stepwright_app::{Environment, KeyKind};
use stepwright_engine::{Dialect, InstanceId, TenantId, Timestamp};
use utoipa::ToSchema;

/// A key to be made.
#[derive(ToSchema)]
struct NewKey {
    /// `hydracore`, `epilot`, `softsolz`, `smartmca` or `platform`.
    #[schema(value_type = String)]
    dialect: Dialect,
    /// `<prefix>*` stands for all that begin so.
    scopes: Vec<String>,
    name: Option<String>,
    /// `live` (default) or `test`: acts on the sandbox.
    #[schema(value_type = Option<String>)]
    environment: Option<Environment>,
    /// `api_key` (default) or `proxy_key` (HydraCore only).
    #[schema(value_type = Option<String>)]
    kind: Option<KeyKind>,
    #[schema(value_type = Option<String>)]
    instance_id: Option<InstanceId>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Addresses or CIDR blocks; empty means any.
    ip_allowlist: Vec<String>,
    rate_limit_per_minute: Option<u32>,
    /// The user the key speaks for.
    subject: Option<String>,
}

/// Makes a key; the answer is the only one that shows it.
///
/// A key of the platform API may make others of its dialect only with scopes it holds itself.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/keys", operation_id = "createKey", tag = "keys",
    params(("t" = String, Path, description = "tenant id")),
    request_body = NewKey,
    responses(
        (status = 201, body = NewKeyView),
        (status = 403, body = Problem, description = "a scope the caller does not hold"),
        (status = 404, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let new = body.read(read)?;
    let access = caller.tenant(t).await?;
    let request = checked(new, &access, caller.state())?;
    let key = caller.state().app.create_key(&access, request).await?;
    Ok(reply::created(&NewKeyView::from(key)))
}

fn read(fields: &Fields<'_>) -> NewKey {
    let dialects = Dialect::ALL.map(|d| (d.as_str(), d));
    for name in ["dialect", "scopes"] {
        if fields.get(name).is_none() {
            fields.fault(name, "is required");
        }
    }
    let environments = [("live", Environment::Live), ("test", Environment::Test)];
    let kinds = [("api_key", KeyKind::ApiKey), ("proxy_key", KeyKind::ProxyKey)];
    NewKey {
        dialect: fields.opt_choice("dialect", &dialects).unwrap_or(Dialect::Platform),
        scopes: fields.texts("scopes"),
        name: fields.opt_text("name"),
        environment: fields.opt_choice("environment", &environments),
        kind: fields.opt_choice("kind", &kinds),
        instance_id: fields.typed("instance_id", "must be an instance's id", |v| v.as_str()?.parse().ok()),
        expires_at: fields.opt_instant("expires_at"),
        ip_allowlist: fields.texts("ip_allowlist"),
        rate_limit_per_minute: fields.opt_u32("rate_limit_per_minute"),
        subject: fields.opt_text("subject"),
    }
}

fn checked(new: NewKey, access: &Access, state: &ApiState) -> ApiResult<NewKeyRequest> {
    let wire = state.wires.iter().find(|wire| wire.dialect() == new.dialect);
    if let Some(known) = wire.and_then(|wire| wire.scopes()) {
        for (i, scope) in new.scopes.iter().enumerate() {
            if !is_scope_of(known, scope) {
                let known = known.join(", ");
                return Err(ApiError::invalid(format!("/scopes/{i}"), format!("must be one of {known}")));
            }
        }
    }
    if new.dialect == Dialect::Platform
        && let Some(scope) = new.scopes.iter().find(|scope| !access.principal().has_scope(scope))
    {
        return Err(ApiError::Forbidden(format!("a key cannot grant the scope {scope}, which it does not hold")));
    }
    let home = access.tenant().environment;
    let environment = new.environment.unwrap_or(home);
    if (home, environment) == (Environment::Test, Environment::Live) {
        return Err(ApiError::invalid("/environment", "a sandbox has test keys only"));
    }
    Ok(NewKeyRequest {
        dialect: new.dialect,
        scopes: new.scopes,
        name: new.name,
        environment,
        kind: new.kind.unwrap_or(KeyKind::ApiKey),
        instance_id: new.instance_id,
        expires_at: new.expires_at,
        ip_allowlist: new.ip_allowlist,
        rate_limit_per_minute: new.rate_limit_per_minute,
        subject: new.subject,
    })
}
