//! A host in this process: real store, real sandbox, real HTTP on a loopback port; only the clock is simulated.

use super::Client;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;
use stepwright_api::kit::{ApiConfig, ApiParts, ApiState};
use stepwright_app::ports::{Sandbox, Store, WebhookProjection};
use stepwright_app::{App, AppConfig, Parts, SecretHash};
use stepwright_engine::time::Clock;
use stepwright_engine::{NodeInstanceId, Timestamp};
use stepwright_sandbox::{CompileMode, MacKey, SandboxConfig, WasmSandbox};
use stepwright_server::adapters::{ThreadRandom, TimeOrderedIds};
use stepwright_server::builtins::{self, Components};
use stepwright_server::mail::MailOut;
use stepwright_server::mcp::McpServers;
use stepwright_server::models::Models;
use stepwright_server::outbound::Pump;
use stepwright_server::readiness::HostReadiness;
use stepwright_server::webhooks::WebhooksOut;
use stepwright_store::{Database, StoreOptions};
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "operator-token-of-the-tests";

/// A clock that moves only when it is told to.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Standing at this time.
    pub fn at(now: &str) -> Arc<Self> {
        let at = chrono::DateTime::parse_from_rfc3339(now).expect("a time").timestamp_micros();
        Arc::new(Self(AtomicI64::new(at)))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A tenant with the paths of its live and its sandbox side.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub base: String,
    pub test_base: String,
}

/// The host; everything ends with it.
pub struct TestHost {
    pub operator: Client,
    /// For what has no route.
    pub app: App,
    clock: Arc<TestClock>,
    stop: CancellationToken,
    _background: stepwright_app::driver::Background,
    _dir: Option<tempfile::TempDir>,
}

fn cache_dir() -> PathBuf {
    super::process::target_dir().join("test-cache")
}

fn fresh_file() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", dir.path().join("test.db").display());
    (dir, url)
}

impl TestHost {
    /// At some fixed time.
    pub async fn start() -> Self {
        Self::start_at("2026-11-22T09:00:00Z").await
    }

    /// At this time.
    pub async fn start_at(now: &str) -> Self {
        Self::start_on_sqlite(now, &StoreOptions::default()).await
    }

    /// At some fixed time, with guests that reach the loopback sinks of the tests.
    pub async fn start_reaching_loopback() -> Self {
        let (dir, url) = fresh_file();
        let clock = TestClock::at("2026-11-22T09:00:00Z");
        let mut host = Self::start_with(&url, &StoreOptions::default(), clock, true).await;
        host._dir = Some(dir);
        host
    }

    /// On a fresh file with these options.
    pub async fn start_on_sqlite(now: &str, options: &StoreOptions) -> Self {
        let (dir, url) = fresh_file();
        let mut host = Self::start_on(&url, options, TestClock::at(now)).await;
        host._dir = Some(dir);
        host
    }

    /// On this database; several hosts may share one, and a clock.
    pub async fn start_on(url: &str, options: &StoreOptions, clock: Arc<TestClock>) -> Self {
        Self::start_with(url, options, clock, false).await
    }

    async fn start_with(url: &str, options: &StoreOptions, clock: Arc<TestClock>, reach_loopback: bool) -> Self {
        let database = Database::connect(url, options).await.expect("a database");
        database.migrate().await.expect("migrations");
        let store: Arc<dyn Store> = Arc::new(database);

        std::fs::create_dir_all(cache_dir()).expect("the cache");
        let mut config = SandboxConfig::new(cache_dir(), MacKey::Bytes([7; 32]), CompileMode::InProcess);
        config.pool = 32;
        config.egress.allow_private = reach_loopback;
        let sandbox = WasmSandbox::new(config, Arc::new(Components::new(Arc::clone(&store)))).expect("a sandbox");
        let builtins = builtins::load(&sandbox, &cache_dir()).await.expect("the built-ins");
        assert_eq!(builtins.len(), builtins::EXPECTED.len(), "run `cargo xtask plugins` before building the tests");
        let projections: Vec<Arc<dyn WebhookProjection>> = vec![
            Arc::new(stepwright_api::softsolz::Projection),
            Arc::new(stepwright_api::smartmca::Projection),
            Arc::new(stepwright_api::hydracore::Projection),
            Arc::new(stepwright_api::platform::Projection),
        ];
        let parts = Parts {
            store: Arc::clone(&store),
            sandbox: Arc::new(sandbox) as Arc<dyn Sandbox>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(TimeOrderedIds),
            random: Arc::new(ThreadRandom),
            models: Arc::new(Models::new().expect("a client")),
            mcp: Arc::new(McpServers::new().expect("a client")),
            projections: projections.clone(),
            builtins,
        };
        let node = NodeInstanceId::fresh(&TimeOrderedIds);
        let mut config = AppConfig::new(node, SecretHash::of(TOKEN));
        // The clock stands still, so what is due is looked for often.
        config.poll = Duration::from_millis(20);
        let app = App::new(parts, config);

        let stop = CancellationToken::new();
        let api = stepwright_api::router(ApiState::new(ApiParts {
            app: app.clone(),
            config: ApiConfig::default(),
            readiness: Arc::new(HostReadiness::new(app.clone(), stop.clone())),
            metrics: Arc::new(String::new),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(stepwright_server::serve::http::accept(listener, api, stop.clone()));
        let background = app.run_background();
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let mail = Pump::new(
            MailOut::new(Arc::clone(&store), Arc::clone(&shared), Some("localhost".into())).waking(app.clone()),
            Arc::clone(&shared),
        );
        let webhooks = WebhooksOut::new(store, Arc::clone(&shared), projections).expect("a client");
        let webhooks = Pump::new(webhooks, shared);
        let until = stop.clone();
        tokio::spawn(async move {
            while !until.is_cancelled() {
                let _ = tokio::join!(mail.once(), webhooks.once());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let operator = Client::new(&base, Some(TOKEN));
        Self { operator, app, clock, stop, _background: background, _dir: None }
    }

    /// Moves the clock on.
    pub fn advance_secs(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// A fresh tenant.
    pub async fn tenant(&self) -> Tenant {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("Tenant {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = self.operator.post("/platform/v1/tenants", &json!({ "name": name })).await.expect(201).json();
        let path = |id: &serde_json::Value| format!("/platform/v1/tenants/{}", id.as_str().expect("id"));
        Tenant { base: path(&made["id"]), test_base: path(&made["test_tenant_id"]) }
    }

    /// A fresh key: its id and its text.
    pub async fn key(&self, tenant: &Tenant, dialect: &str, scopes: &[&str], environment: &str) -> (String, String) {
        let body =
            json!({"dialect": dialect, "scopes": scopes, "environment": environment, "rate_limit_per_minute": 100_000});
        let made = self.operator.post(&format!("{}/keys", tenant.base), &body).await.expect(201).json();
        (made["id"].as_str().expect("id").to_owned(), made["key"].as_str().expect("key").to_owned())
    }

    /// A client with a fresh key.
    pub async fn client(&self, tenant: &Tenant, dialect: &str, scopes: &[&str], environment: &str) -> Client {
        self.operator.with_key(&self.key(tenant, dialect, scopes, environment).await.1)
    }

    /// Lets the tenant's webhooks reach the loopback sinks of the tests.
    pub async fn allow_private_webhooks(&self, base: &str) {
        let patch = json!({"webhooks": {"allow_private_targets": true}});
        self.operator.json("PATCH", &format!("{base}/settings"), &patch).await.expect(200);
    }

    /// Waits until a first try to deliver to the tenant's only endpoint is written down: from then on its next try is a
    /// matter of the clock. That the sink has the request is too early, its answer is still on the way.
    pub async fn first_delivery_tried(&self, base: &str) {
        let endpoints = self.operator.get(&format!("{base}/webhook-endpoints")).await.expect(200).json();
        let endpoint = endpoints["data"][0]["id"].as_str().expect("an endpoint").to_owned();
        super::eventually("the first try", || async {
            let path = format!("{base}/webhook-endpoints/{endpoint}/deliveries");
            let log = self.operator.get(&path).await.expect(200).json();
            log["data"].as_array().expect("a list").iter().any(|d| d["attempts"] != 0).then_some(())
        })
        .await;
    }

    /// Checks a `Softsolz-Signature` header as the vendor's client does, at the simulated time.
    pub fn check_softsolz_signature(&self, header: &str, body: &[u8], secret: &str) {
        use hmac::{KeyInit as _, Mac as _};
        let mut parts = header.split(',').filter_map(|part| part.split_once('='));
        let at: i64 = parts.clone().find(|(name, _)| *name == "t").expect("t=").1.parse().expect("seconds");
        assert!((self.clock.now().secs() - at).abs() <= 300, "{header}");
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        let expected: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert!(parts.any(|(name, value)| name == "v1" && value == expected), "{header} is not of this secret");
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
