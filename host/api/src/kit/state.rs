use super::{BodyLimits, RateLimiter, Wire};
use async_trait::async_trait;
use axum::extract::FromRef;
use std::ops::Deref;
use std::sync::Arc;
use stepwright_app::App;

/// What the server knows about being ready; asked by `/readyz`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Every part with what is wrong with it; `None` when it is up.
    async fn parts(&self) -> Vec<(&'static str, Option<String>)>;
}

/// The edge's knobs.
#[derive(Clone, Debug, Default)]
pub struct ApiConfig {
    pub limits: BodyLimits,
    /// Take the client's address from the last entry of `X-Forwarded-For`, which the proxy in front has written.
    pub trust_forwarded_for: bool,
}

/// What the edge is built from.
pub struct ApiParts {
    pub app: App,
    pub config: ApiConfig,
    pub readiness: Arc<dyn Readiness>,
    /// Renders `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// State of all handlers; cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

/// Behind [`ApiState`].
pub struct Inner {
    pub app: App,
    pub config: ApiConfig,
    pub readiness: Arc<dyn Readiness>,
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub limiter: RateLimiter,
    pub wires: &'static [&'static dyn Wire],
}

impl ApiState {
    /// Puts the state together.
    pub fn new(parts: ApiParts) -> Self {
        let ApiParts { app, config, readiness, metrics } = parts;
        Self(Arc::new(Inner { app, config, readiness, metrics, limiter: RateLimiter::new(), wires: &crate::WIRES }))
    }
}

impl Deref for ApiState {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<ApiState> for BodyLimits {
    fn from_ref(state: &ApiState) -> Self {
        state.config.limits
    }
}
