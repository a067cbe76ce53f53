//! The application: ports put together, and what every use case shares.

use crate::caches::Caches;
use crate::driver::{Driver, Heartbeats};
use crate::error::{AppError, AppResult};
use crate::model::{ComponentInfo, Enablement, Grants, InvocationLimits, SecretHash};
use crate::ports::{McpClient, ModelProvider, Random, Sandbox, Store, WebhookProjection};
use crate::turns::Turns;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::time::Clock;
use stepwright_engine::{Actor, Dialect, Env, IdSource, NodeInstanceId, TenantId, Timestamp};

/// What the application is built from.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub sandbox: Arc<dyn Sandbox>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub random: Arc<dyn Random>,
    /// Asks language models.
    pub models: Arc<dyn ModelProvider>,
    /// Speaks to foreign servers of the Model Context Protocol.
    pub mcp: Arc<dyn McpClient>,
    /// One per dialect that sends webhooks.
    pub projections: Vec<Arc<dyn WebhookProjection>>,
    /// Plugins in the binary, enabled for every tenant.
    pub builtins: Vec<Builtin>,
}

/// A plugin that comes with the host.
#[derive(Clone, Debug)]
pub struct Builtin {
    pub info: ComponentInfo,
    /// What it has in every tenant.
    pub grants: Grants,
}

impl Builtin {
    /// The built-in as an enablement of `tenant`, which may have `given` it more.
    pub(crate) fn enablement(&self, tenant: TenantId, given: Option<&Enablement>) -> Enablement {
        let base = self.grants.clone();
        Enablement {
            tenant_id: tenant,
            name: self.info.name.clone(),
            version: self.info.version.clone(),
            digest: self.info.digest.clone(),
            grants: match given {
                Some(given) => base.and(&given.grants),
                None => base,
            },
            config: given.and_then(|given| given.config.clone()),
            limits: given.map(|given| given.limits).unwrap_or_default(),
            enabled_at: given.map_or(Timestamp::from_micros(0), |given| given.enabled_at),
        }
    }
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
    pub turns: Arc<Turns>,
}

impl App {
    /// Puts the application together. Nothing runs until [`App::run_background`] is called.
    pub fn new(parts: Parts, config: AppConfig) -> Self {
        let driver = Arc::new(Driver::new(config.max_driven));
        Self { inner: Arc::new(Inner { parts, config, caches: Caches::new(), driver, turns: Arc::default() }) }
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

    pub(crate) fn models(&self) -> &dyn ModelProvider {
        &*self.inner.parts.models
    }

    pub(crate) fn mcp(&self) -> &dyn McpClient {
        &*self.inner.parts.mcp
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.inner.caches
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.inner.driver
    }

    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.inner.turns
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

    /// The built-in with this name.
    pub fn builtin(&self, name: &str) -> Option<&Builtin> {
        self.builtins().iter().find(|b| b.info.name == name)
    }

    /// The built-in that provides the agent with this bare id.
    pub fn builtin_of_agent(&self, agent: &str) -> Option<&Builtin> {
        self.builtins().iter().find(|b| b.info.agent(agent).is_some())
    }

    /// Whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// `Unavailable` with the reason.
    pub async fn ping(&self) -> AppResult<()> {
        self.store().ping().await.map_err(AppError::from)
    }
}
