//! What keys of this API may do, and for which organization (source: contracts/epilot.md 1B.1).

use crate::kit::{ApiError, ApiResult, ApiState, Caller, Permission};
use axum::extract::FromRequestParts;
use http::request::Parts;
use stepwright_app::usecases::Access;
use stepwright_app::{App, Principal};
use stepwright_engine::Dialect;

/// Every grant a key may hold; `<parent>:*` stands for all below the parent.
pub(super) const GRANTS: [&str; 17] = [
    "workflow:execution:view",
    "workflow:execution:trigger",
    "workflow:execution:cancel",
    "workflow:execution:delete",
    "workflow:execution:update_details",
    "workflow:execution:task:view_assigned",
    "workflow:execution:task:update",
    "workflow:execution:task:update_assigned",
    "workflow:execution:task:assign",
    "workflow:execution:task:update_date",
    "workflow:execution:task:add",
    "workflow:execution:task:notes",
    "workflow:definition:view",
    "workflow:definition:create",
    "workflow:definition:edit",
    "workflow:definition:delete",
    "automation:trigger",
];

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Epilot;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Reading templates, definitions and closing reasons.
    DefinitionView: ["workflow:definition:view"];
    /// Making them.
    DefinitionCreate: ["workflow:definition:create"];
    /// Changing them.
    DefinitionEdit: ["workflow:definition:edit"];
    /// Deleting them.
    DefinitionDelete: ["workflow:definition:delete"];
}

/// A caller that holds `P` and does not name another organization than its own.
pub(super) struct Member<P>(Caller<P>);

impl<P: Permission> Member<P> {
    /// The application.
    pub(super) fn app(&self) -> &App {
        &self.0.state().app
    }

    /// Access to the key's tenant.
    ///
    /// # Errors
    /// 401 when that tenant is gone.
    pub(super) async fn access(&self) -> ApiResult<Access> {
        self.0.own_tenant().await
    }
}

impl<P: Permission> FromRequestParts<ApiState> for Member<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let named = parts.headers.get("x-epilot-org-id").map(http::HeaderValue::as_bytes).filter(|n| !n.is_empty());
        match (named, &caller.principal) {
            (Some(named), Principal::Key(key)) if !named.eq_ignore_ascii_case(key.tenant_id.to_string().as_bytes()) => {
                Err(ApiError::Forbidden("the key belongs to another organization".into()))
            }
            _ => Ok(Self(caller)),
        }
    }
}
