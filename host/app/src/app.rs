//! The application: ports put together, and what every use case shares.

use crate::caches::Caches;
use crate::driver::{Driver, Heartbeats};
use crate::error::{AppError, AppResult};
use crate::model::{ComponentInfo, Enablement, Grants, InvocationLimits, SecretHash};
use crate::ports::{Random, Sandbox, Store, WebhookProjection};
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::time::Clock;
use stepwright_engine::{Actor, Dialect, Env, IdSource, NodeInstanceId, Timestamp};

/// What the application is built from.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub sandbox: Arc<dyn Sandbox>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub random: Arc<dyn Random>,
    /// One per dialect that sends webhooks.
    pub projections: Vec<Arc<dyn WebhookProjection>>,
    /// Plugins in the binary, enabled for every tenant.
    pub builtins: Vec<Builtin>,
}

/// A plugin that comes with the host.
#[derive(Clone, Debug)]
pub struct Builtin {
    pub info: ComponentInfo,
    pub grants: Grants,
}

/// The application's knobs.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// This process, as lease holder.
    pub node: NodeInstanceId,
    /// How long a lease lasts without renewal.
    pub lease: Duration,
    /// Executions one process drives at the same time; the rest waits in the database.
    pub max_driven: usize,
    /// Executions one tenant may get in one claim.
    pub claim_per_tenant: u32,
    /// How often the database is asked for work and changes when nothing else hints at any.
    pub poll: Duration,
    /// Limits of an invocation unless the enablement changes them.
    pub limits: InvocationLimits,
    /// The most an enablement may ask for.
    pub ceilings: InvocationLimits,
    /// A cron tick older than this is not caught up on.
    pub misfire_grace: Duration,
    /// SHA-256 of the operator token.
    pub operator_token: SecretHash,
}

impl AppConfig {
    /// Sensible values for a host that is `node`.
    pub fn new(node: NodeInstanceId, operator_token: SecretHash) -> Self {
        Self {
            node,
            lease: Duration::from_secs(15),
            max_driven: 2_048,
            claim_per_tenant: 64,
            poll: Duration::from_millis(500),
            limits: InvocationLimits::default(),
            ceilings: InvocationLimits {
                wall_ms: 300_000,
                fuel: 1_000_000_000_000,
                memory: 256 << 20,
                host_calls: 10_000,
                output: 1 << 20,
                http_body: 16 << 20,
                ..InvocationLimits::default()
            },
            misfire_grace: Duration::from_secs(300),
            operator_token,
        }
    }
}

/// The application; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub parts: Parts,
    pub config: AppConfig,
    pub caches: Caches,
    pub driver: Arc<Driver>,
}

impl App {
    /// Puts the application together. Nothing runs until [`App::run_background`] is called.
    pub fn new(parts: Parts, config: AppConfig) -> Self {
        let driver = Arc::new(Driver::new(config.max_driven));
        Self { inner: Arc::new(Inner { parts, config, caches: Caches::new(), driver }) }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.inner.parts.store
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner.parts.store)
    }

    pub(crate) fn sandbox(&self) -> &dyn Sandbox {
        &*self.inner.parts.sandbox
    }

    /// Where fresh identifiers come from.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.inner.parts.ids
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.inner.parts.random
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.inner.caches
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.inner.driver
    }

    /// The knobs.
    pub fn config(&self) -> &AppConfig {
        &self.inner.config
    }

    /// Signs of life of the background loops.
    pub fn heartbeats(&self) -> &Arc<Heartbeats> {
        self.driver().beats()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    /// Plugins in the binary.
    pub fn builtins(&self) -> &[Builtin] {
        &self.inner.parts.builtins
    }

    /// How `dialect` shows history to webhook endpoints, if it does.
    pub fn projection(&self, dialect: Dialect) -> Option<&Arc<dyn WebhookProjection>> {
        self.inner.parts.projections.iter().find(|p| p.dialect() == dialect)
    }

    /// How every dialect shows history to webhook endpoints.
    pub(crate) fn projections(&self) -> &[Arc<dyn WebhookProjection>] {
        &self.inner.parts.projections
    }

    pub(crate) fn env(&self, actor: Actor) -> Env {
        Env { now: self.now(), actor, jitter: self.random().unit() }
    }

    /// The built-in that provides the step with this bare id.
    pub fn builtin_of_step(&self, step: &str) -> Option<&Builtin> {
        self.builtins().iter().find(|b| b.info.step(step).is_some())
    }

    /// A built-in as an enablement of `tenant`.
    pub(crate) fn builtin_enablement(&self, tenant: stepwright_engine::TenantId, name: &str) -> Option<Enablement> {
        self.builtins().iter().find(|b| b.info.name == name).map(|b| Enablement {
            tenant_id: tenant,
            name: b.info.name.clone(),
            version: b.info.version.clone(),
            digest: b.info.digest.clone(),
            grants: b.grants.clone(),
            config: None,
            limits: crate::model::LimitOverrides::default(),
            enabled_at: Timestamp::from_micros(0),
        })
    }

    /// Whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// `Unavailable` with the reason.
    pub async fn ping(&self) -> AppResult<()> {
        self.store().ping().await.map_err(AppError::from)
    }
}
