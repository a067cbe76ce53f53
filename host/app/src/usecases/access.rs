//! Who may do what to which tenant.

use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::jwt;
use crate::model::{ApiKey, Principal, SecretHash, Tenant, User};
use std::sync::Arc;
use stepwright_engine::{Actor, TenantId};

/// A principal's access to one tenant, checked. Use cases that take it act on exactly this tenant.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) view: Arc<TenantView>,
    principal: Principal,
}

impl Access {
    /// The tenant acted on.
    pub fn tenant_id(&self) -> TenantId {
        self.view.tenant.id
    }
    /// The tenant acted on.
    pub fn tenant(&self) -> &Tenant {
        &self.view.tenant
    }
    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
    /// For the history.
    pub fn actor(&self) -> Actor {
        self.principal.actor()
    }
}

impl App {
    /// The principal of a bearer secret; `None` when there is none, or it is revoked or expired.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn authenticate(&self, secret: &str) -> AppResult<Option<Principal>> {
        let hash = SecretHash::of(secret);
        // Comparing hashes leaks nothing about the token through timing.
        if hash == self.config().operator_token {
            return Ok(Some(Principal::Operator));
        }
        let key: Option<Arc<ApiKey>> = self.key_by_hash(hash).await?;
        let now = self.now();
        Ok(key.filter(|k| k.revoked_at.is_none() && k.expires_at.is_none_or(|at| at > now)).map(Principal::Key))
    }

    /// The user of a signed token; `None` when no key of the tenant it names has signed it, or it is not valid now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn authenticate_token(&self, token: &str) -> AppResult<Option<Arc<User>>> {
        let Some(tenant) = jwt::claimed_tenant(token) else { return Ok(None) };
        let view = self.tenant_view(tenant).await?;
        let settings = view.as_ref().and_then(|view| view.tenant.settings.jwt.as_ref());
        Ok(settings.and_then(|settings| jwt::verify(token, tenant, settings, self.now())).map(Arc::new))
    }

    /// Access of a key or a user to the tenant it belongs to (dialects).
    ///
    /// # Errors
    /// `NotFound("tenant")` when the tenant is gone.
    pub async fn own_tenant(&self, principal: Principal) -> AppResult<Access> {
        let tenant = match &principal {
            Principal::Operator => {
                return Err(AppError::Forbidden("the operator token belongs to no tenant".into()));
            }
            Principal::Key(key) => key.tenant_id,
            Principal::User(user) => user.tenant_id,
        };
        let view = self.tenant_view(tenant).await?.ok_or(AppError::NotFound("tenant"))?;
        Ok(Access { view, principal })
    }

    /// Access to a tenant named in a path (platform API): the operator's to any, a key's to its own and its
    /// sandbox. Anything else is answered like an unknown tenant.
    ///
    /// # Errors
    /// `NotFound("tenant")`.
    pub async fn tenant_access(&self, principal: Principal, tenant: TenantId) -> AppResult<Access> {
        let view = self.tenant_view(tenant).await?.ok_or(AppError::NotFound("tenant"))?;
        let allowed = match &principal {
            Principal::Operator => true,
            Principal::Key(key) => {
                let owns_sandbox =
                    view.tenant.environment == crate::model::Environment::Test && view.tenant.paired == key.tenant_id;
                key.tenant_id == tenant || owns_sandbox
            }
            Principal::User(user) => user.tenant_id == tenant,
        };
        if allowed { Ok(Access { view, principal }) } else { Err(AppError::NotFound("tenant")) }
    }
}
