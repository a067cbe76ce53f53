//! What the tests of mail and webhooks share: a clock that stands still and a real store.

pub mod http_sink;
pub mod smtp_sink;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use stepwright_app::ports::{CommitStore as _, Store};
use stepwright_app::{
    Commit, Effects, Environment, OutboxMail, Settings, Smtp, Tenant, UsageDelta, WebhookEndpoint, WebhookEvent,
};
use stepwright_engine::time::Clock;
use stepwright_engine::{EndpointId, TenantId, Timestamp};
use stepwright_store::{Database, StoreOptions};
use uuid::Uuid;

/// 2026-11-22T09:00:00Z.
pub const CREATED: Timestamp = Timestamp::from_secs(1_795_338_000);

/// Moves only when told to.
pub struct StillClock(AtomicI64);

impl StillClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(CREATED.micros())))
    }

    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }

    pub fn pass(&self, time: Duration) {
        self.set(self.now() + time);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A store with tenants, on disk for as long as the test runs.
pub struct World {
    pub database: Database,
    pub clock: Arc<StillClock>,
    _dir: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("test.db").display());
        let database = Database::connect(&url, &StoreOptions::default()).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, clock: StillClock::new(), _dir: dir }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.database.clone())
    }

    /// A tenant with these settings; `number` makes its id.
    pub async fn tenant(&self, number: u128, settings: Settings) -> TenantId {
        let id = |n| TenantId::from_uuid(Uuid::from_u128(n));
        let live = Tenant {
            id: id(number),
            name: "Demo".into(),
            slug: format!("demo-{number}"),
            environment: Environment::Live,
            paired: id(number + 1_000),
            settings,
            created_at: CREATED,
        };
        let test = Tenant {
            id: live.paired,
            slug: format!("demo-{number}--test"),
            environment: Environment::Test,
            paired: live.id,
            ..live.clone()
        };
        self.store().insert_tenants(&live, &test).await.unwrap();
        live.id
    }

    pub async fn queue_mails(&self, mails: Vec<OutboxMail>) {
        for mail in mails {
            let effects = Effects { mails: vec![mail.clone()], ..Effects::default() };
            self.commit(mail.tenant_id, effects, Vec::new()).await;
        }
    }

    pub async fn queue_events(&self, endpoint: &WebhookEndpoint, events: Vec<WebhookEvent>) {
        let webhooks: Vec<(WebhookEvent, Vec<EndpointId>)> =
            events.into_iter().map(|event| (event, vec![endpoint.id])).collect();
        self.commit(endpoint.tenant_id, Effects::default(), webhooks).await;
    }

    async fn commit(&self, tenant_id: TenantId, effects: Effects, webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>) {
        let commit = Commit {
            tenant_id,
            at: self.clock.now(),
            preconditions: Vec::new(),
            executions: Vec::new(),
            effects,
            webhooks,
            usage: UsageDelta::default(),
        };
        self.database.commit(commit).await.unwrap();
    }
}

/// Settings with this SMTP server.
pub fn with_smtp(smtp: Smtp) -> Settings {
    Settings { smtp: Some(smtp), ..Settings::default() }
}
