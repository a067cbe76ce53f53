//! Who calls, and whether they may: credentials, scope, address, rate limit, in this order.

use super::address::{client_address, is_allowed};
use super::{ApiError, ApiResult, ApiState, AuthFault, RequestInfo};
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::marker::PhantomData;
use std::sync::Arc;
use stepwright_app::usecases::Access;
use stepwright_app::{ApiKey, AppError, Principal};
use stepwright_engine::{Dialect, KeyId, TenantId};

/// What an operation asks of its caller. Stands in the handler's signature as `Caller<P>`.
pub trait Permission: Send + Sync + 'static {
    /// Keys of other dialects are no credentials here.
    const DIALECT: Dialect;
    /// Any one of these is enough; empty asks for a valid key only.
    const SCOPES: &'static [&'static str];
    /// Only the operator token will do.
    const OPERATOR_ONLY: bool = false;
    /// The secret in the request; most dialects send a bearer token.
    fn secret(parts: &Parts) -> Option<&str> {
        bearer(parts)
    }
}

/// A caller that holds `P`.
pub struct Caller<P> {
    pub principal: Principal,
    pub request: Arc<RequestInfo>,
    state: ApiState,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Caller<P> {
    /// The state.
    pub fn state(&self) -> &ApiState {
        &self.state
    }

    /// Access to the tenant the key belongs to.
    ///
    /// # Errors
    /// 401 when that tenant is gone.
    pub async fn own_tenant(&self) -> ApiResult<Access> {
        match self.state.app.own_tenant(self.principal.clone()).await {
            Ok(access) => Ok(self.seen(access)),
            Err(AppError::NotFound(_)) => Err(ApiError::Unauthenticated(AuthFault::Invalid)),
            Err(error) => Err(error.into()),
        }
    }

    /// Access to a tenant named in the path.
    ///
    /// # Errors
    /// 404 for unknown tenants and for those of others.
    pub async fn tenant(&self, tenant: TenantId) -> ApiResult<Access> {
        Ok(self.seen(self.state.app.tenant_access(self.principal.clone(), tenant).await?))
    }

    fn seen(&self, access: Access) -> Access {
        self.request.set_tenant(access.tenant_id());
        tracing::Span::current().record("tenant", tracing::field::display(access.tenant_id()));
        access
    }
}

impl<P: Permission> FromRequestParts<ApiState> for Caller<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let request = parts.extensions.get::<Arc<RequestInfo>>().cloned().ok_or(ApiError::Panic)?;
        let secret = P::secret(parts).ok_or(ApiError::Unauthenticated(AuthFault::Missing))?;
        let principal = state.app.authenticate(secret).await?.ok_or(ApiError::Unauthenticated(AuthFault::Invalid))?;
        match &principal {
            Principal::Operator if P::DIALECT == Dialect::Platform => {}
            Principal::Operator | Principal::User(_) => return Err(ApiError::Unauthenticated(AuthFault::Invalid)),
            Principal::Key(key) => {
                check_key(parts, state, key, P::DIALECT)?;
                if P::OPERATOR_ONLY {
                    return Err(ApiError::Forbidden("only the operator may do this".into()));
                }
                check_scopes(&principal, P::SCOPES)?;
                count_call(state, &request, P::DIALECT, key.id, key.rate_limit_per_minute)?;
            }
        }
        Ok(Self { principal, request, state: state.clone(), permission: PhantomData })
    }
}

/// Whether a key is one of this dialect (else 401) and may be used from where it is (else 403).
///
/// # Errors
/// `Unauthenticated`, `Forbidden`.
pub fn check_key(parts: &Parts, state: &ApiState, key: &ApiKey, dialect: Dialect) -> ApiResult<()> {
    if key.dialect != dialect {
        return Err(ApiError::Unauthenticated(AuthFault::Invalid));
    }
    if !is_allowed(&key.ip_allowlist, client_address(parts, &state.config)) {
        return Err(ApiError::AddressNotAllowed);
    }
    Ok(())
}

/// Whether a principal holds any one of these scopes; none asks for nothing.
///
/// # Errors
/// `MissingScope`.
pub fn check_scopes(principal: &Principal, scopes: &'static [&'static str]) -> ApiResult<()> {
    if scopes.is_empty() || scopes.iter().any(|scope| principal.has_scope(scope)) {
        Ok(())
    } else {
        Err(ApiError::MissingScope(scopes))
    }
}

/// Takes a call off what `caller` may make in a minute: `own`, or what is usual in the dialect.
///
/// # Errors
/// `RateLimited`.
pub fn count_call(
    state: &ApiState,
    request: &RequestInfo,
    dialect: Dialect,
    caller: KeyId,
    own: Option<u32>,
) -> ApiResult<()> {
    let usual = || super::service::wire_of(state.wires, dialect).rate_per_minute();
    let limit = own.unwrap_or_else(usual);
    let rate = state.limiter.take(caller, limit, state.app.now());
    request.set_rate(rate);
    if rate.allowed { Ok(()) } else { Err(ApiError::RateLimited { retry_after_secs: rate.retry_after_secs, limit }) }
}

/// Whether a key may be given this scope: one of `known`, or a prefix of some followed by `*`.
pub fn is_scope_of(known: &[&str], scope: &str) -> bool {
    match scope.strip_suffix('*') {
        Some(prefix) => known.iter().any(|s| s.starts_with(prefix)),
        None => known.contains(&scope),
    }
}

/// The token of `Authorization: Bearer`; the scheme's case does not matter (RFC 9110).
pub fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
