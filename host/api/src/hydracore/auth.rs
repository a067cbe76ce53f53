//! Who calls (source: contracts/hydracore.md 1A.1): agents with the proxy key of an instance, dashboards with a signed
//! token or an API key.

use crate::kit::auth::{bearer, check_key, check_scopes, count_call};
use crate::kit::{ApiError, ApiResult, ApiState, AuthFault, Permission, RequestInfo};
use axum::extract::{FromRequestParts, RawPathParams};
use http::header::AUTHORIZATION;
use http::request::Parts;
use std::marker::PhantomData;
use std::sync::Arc;
use stepwright_app::usecases::{Access, RecordCaller, derived_uuid};
use stepwright_app::{App, AppError, KeyKind, Principal};
use stepwright_engine::{Dialect, InstanceId, KeyId};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Hydracore;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Listing and reading.
    Read: ["workflows:read"];
    /// Aborting, resuming and suspending.
    Write: ["workflows:write"];
}

/// A tenant's administrator, by a signed token, or an API key of the tenant that holds `P`.
pub(super) struct Dashboard<P> {
    pub(super) state: ApiState,
    pub(super) access: Access,
    permission: PhantomData<fn() -> P>,
}

/// An agent of exactly the instance that the path names.
pub(super) struct Agent {
    pub(super) state: ApiState,
    pub(super) access: Access,
    pub(super) request: Arc<RequestInfo>,
    /// The key's.
    pub(super) instance: InstanceId,
}

impl<P> Dashboard<P> {
    pub(super) fn app(&self) -> &App {
        &self.state.app
    }

    /// As the history of records names it.
    pub(super) fn caller(&self) -> RecordCaller {
        RecordCaller::of(&self.access.actor())
    }
}

impl Agent {
    pub(super) fn app(&self) -> &App {
        &self.state.app
    }
}

const UNKNOWN: ApiError = ApiError::Unauthenticated(AuthFault::Invalid);

async fn access(state: &ApiState, request: &RequestInfo, principal: Principal) -> ApiResult<Access> {
    match state.app.own_tenant(principal).await {
        Ok(access) => {
            request.set_tenant(access.tenant_id());
            tracing::Span::current().record("tenant", tracing::field::display(access.tenant_id()));
            Ok(access)
        }
        Err(AppError::NotFound(_)) => Err(UNKNOWN),
        Err(error) => Err(error.into()),
    }
}

fn info(parts: &Parts) -> ApiResult<Arc<RequestInfo>> {
    parts.extensions.get::<Arc<RequestInfo>>().cloned().ok_or(ApiError::Panic)
}

/// The principal of `Authorization`, or, without one, of `X-Api-Key`.
async fn dashboard_principal(parts: &Parts, state: &ApiState) -> ApiResult<Principal> {
    if parts.headers.contains_key(AUTHORIZATION) {
        let token = bearer(parts).ok_or(UNKNOWN)?;
        let user = state.app.authenticate_token(token).await?.ok_or(UNKNOWN)?;
        return Ok(Principal::User(user));
    }
    let secret = parts.headers.get("x-api-key").ok_or(ApiError::Unauthenticated(AuthFault::Missing))?;
    let secret = secret.to_str().map_err(|_| UNKNOWN)?.trim();
    state.app.authenticate(secret).await?.ok_or(UNKNOWN)
}

impl<P: Permission> FromRequestParts<ApiState> for Dashboard<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let request = info(parts)?;
        let principal = dashboard_principal(parts, state).await?;
        match &principal {
            Principal::Operator => return Err(UNKNOWN),
            Principal::User(user) => {
                if !user.is_admin {
                    return Err(ApiError::Forbidden("Admin access required".into()));
                }
                let id = derived_uuid(&["hydracore-user", &user.tenant_id.to_string(), &user.subject]);
                count_call(state, &request, P::DIALECT, KeyId::from_uuid(id), None)?;
            }
            Principal::Key(key) => {
                check_key(parts, state, key, P::DIALECT)?;
                if key.kind != KeyKind::ApiKey {
                    return Err(UNKNOWN);
                }
                check_scopes(&principal, P::SCOPES)?;
                count_call(state, &request, P::DIALECT, key.id, key.rate_limit_per_minute)?;
            }
        }
        let access = access(state, &request, principal).await?;
        Ok(Self { state: state.clone(), access, permission: PhantomData })
    }
}

impl FromRequestParts<ApiState> for Agent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let request = info(parts)?;
        let secret = bearer(parts).ok_or(ApiError::Unauthenticated(AuthFault::Missing))?;
        let principal = state.app.authenticate(secret).await?.ok_or(UNKNOWN)?;
        let Principal::Key(key) = &principal else { return Err(UNKNOWN) };
        check_key(parts, state, key, Dialect::Hydracore)?;
        let (KeyKind::ProxyKey, Some(instance)) = (key.kind, key.instance_id) else { return Err(UNKNOWN) };
        // A text that is no id is told as a fault of the request, later; every other instance is none of the key's
        // business, whether it exists or not.
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::NoRoute)?;
        let named = named.iter().find(|(name, _)| *name == "instance_id").and_then(|(_, text)| text.parse().ok());
        if named.is_some_and(|named: InstanceId| named != instance) {
            return Err(ApiError::Forbidden("Not authorized for this instance".into()));
        }
        count_call(state, &request, Dialect::Hydracore, key.id, key.rate_limit_per_minute)?;
        let access = access(state, &request, principal.clone()).await?;
        Ok(Self { state: state.clone(), access, request, instance })
    }
}
