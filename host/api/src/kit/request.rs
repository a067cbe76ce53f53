use super::RateState;
use http::Method;
use std::sync::OnceLock;
use stepwright_engine::{Dialect, TenantId};

/// What is known of the request being answered; stands in the request's extensions as `Arc<RequestInfo>`.
#[derive(Debug)]
pub struct RequestInfo {
    /// From `X-Request-Id`, or fresh.
    pub id: String,
    /// Whose shape errors have.
    pub dialect: Dialect,
    pub method: Method,
    /// After rewriting, without query.
    pub path: String,
    /// The route's template, "" outside of all routes.
    pub route: &'static str,
    tenant: OnceLock<TenantId>,
    rate: OnceLock<RateState>,
}

impl RequestInfo {
    /// Before authentication.
    pub fn new(id: String, dialect: Dialect, method: Method, path: String, route: &'static str) -> Self {
        Self { id, dialect, method, path, route, tenant: OnceLock::new(), rate: OnceLock::new() }
    }
    /// The tenant acted on, once known.
    pub fn tenant(&self) -> Option<TenantId> {
        self.tenant.get().copied()
    }
    /// The state of the key's rate limit, once counted.
    pub fn rate(&self) -> Option<RateState> {
        self.rate.get().copied()
    }
    pub(crate) fn set_tenant(&self, tenant: TenantId) {
        // The first one stands: it is the tenant access was checked for.
        let _ = self.tenant.set(tenant);
    }
    pub(super) fn set_rate(&self, rate: RateState) {
        let _ = self.rate.set(rate);
    }
}
