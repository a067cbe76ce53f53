//! A sandbox over the built guests, and calls into it.

use crate::store::MemoryStore;
use async_trait::async_trait;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stepwright_app::ports::{CallContext, ComponentSource, Sandbox as _, StepCall, StepResult};
use stepwright_app::session::{MailPolicy, Session, SessionScope, TaskKey};
use stepwright_app::{Environment, Grants, InvocationLimits};
use stepwright_engine::{DefinitionId, ExecutionId, Fault, IdSource, Outcome, RawJson, TaskId, TenantId, Timestamp};
use stepwright_sandbox::{CompileMode, MacKey, PoolUse, SandboxConfig, WasmSandbox};
use uuid::Uuid;

/// The bytes of a guest of tests/guests.
pub fn guest(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/guests/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; build the guests with `cargo xtask plugins --guests`", path.display())
    })
}

/// Hex SHA-256.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Components in memory, and how often each was asked for.
#[derive(Default)]
pub struct Components {
    bytes: Mutex<BTreeMap<String, Vec<u8>>>,
    pub asked: AtomicU32,
}

impl Components {
    /// Adds a component, under its digest.
    pub fn add(&self, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        self.add_as(&digest, bytes);
        digest
    }

    /// Adds bytes under a digest that may be wrong.
    pub fn add_as(&self, digest: &str, bytes: Vec<u8>) {
        self.bytes.lock().unwrap().insert(digest.to_owned(), bytes);
    }
}

#[async_trait]
impl ComponentSource for Components {
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.bytes.lock().unwrap().get(digest).cloned())
    }
}

/// Ids that count.
#[derive(Default)]
struct Ids(AtomicU32);

impl IdSource for Ids {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

/// A sandbox and what it takes components from.
pub struct Fixture {
    pub sandbox: Arc<WasmSandbox>,
    pub components: Arc<Components>,
    pub store: Arc<MemoryStore>,
}

impl Fixture {
    /// Compiles in this process, into a cache that all tests share.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With another set-up.
    pub fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        Self::over(Arc::default(), change)
    }

    /// Over existing components, as after a restart.
    pub fn over(components: Arc<Components>, change: impl FnOnce(&mut SandboxConfig)) -> Self {
        // Shared between runs too: what is in there is authenticated.
        let cache = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/sandbox-cache");
        let mut config = SandboxConfig::new(cache, MacKey::Bytes([7; 32]), CompileMode::InProcess);
        config.cache_bytes = 64 << 20;
        config.pool = 16;
        change(&mut config);
        let sandbox = WasmSandbox::new(config, Arc::clone(&components) as _).unwrap();
        Self { sandbox: Arc::new(sandbox), components, store: Arc::default() }
    }

    /// A call of a step of a guest of tests/guests.
    pub fn call(&self, name: &str, step: &str) -> Call {
        let digest = self.components.add(guest(name));
        Call {
            sandbox: Arc::clone(&self.sandbox),
            store: Arc::clone(&self.store),
            digest,
            step: step.to_owned(),
            config: json!({}),
            input: json!({ "input": null, "outputs": {}, "trigger": { "source": "api" } }),
            grants: Grants::default(),
            limits: InvocationLimits { wall_ms: 5_000, ..InvocationLimits::default() },
            secrets: BTreeMap::new(),
        }
    }

    /// Everything in the pool has been given back.
    pub fn assert_idle(&self) {
        assert_eq!(self.sandbox.pool_use(), PoolUse::default());
    }

    /// Everything in the pool is given back once nobody asks any more: instances that wait for a call do so for moments.
    pub async fn assert_idle_soon(&self) {
        for _ in 0..500 {
            if self.sandbox.pool_use() == PoolUse::default() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.assert_idle();
    }
}

/// A call to be made.
#[derive(Clone)]
pub struct Call {
    sandbox: Arc<WasmSandbox>,
    store: Arc<MemoryStore>,
    pub digest: String,
    step: String,
    config: Value,
    input: Value,
    grants: Grants,
    limits: InvocationLimits,
    secrets: BTreeMap<String, String>,
}

impl Call {
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    pub fn input(mut self, input: Value) -> Self {
        self.input = input;
        self
    }

    pub fn grants(mut self, change: impl FnOnce(&mut Grants)) -> Self {
        change(&mut self.grants);
        self
    }

    pub fn limits(mut self, change: impl FnOnce(&mut InvocationLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// As the sandbox takes it, with a session of its own.
    pub fn step_call(&self) -> StepCall {
        let tenant_id = TenantId::from_uuid(Uuid::from_u128(1));
        let execution = ExecutionId::from_uuid(Uuid::from_u128(2));
        let definition = DefinitionId::from_uuid(Uuid::from_u128(3));
        let grants = Arc::new(self.grants.clone());
        let scope = SessionScope {
            tenant_id,
            plugin: "guest".into(),
            task: Some((execution, TaskKey::of_task(TaskId(1), 0))),
            definition: Some(definition),
            depth: 0,
            ordinal: 0,
            now: Timestamp::from_secs(1_700_000_000),
            mail: MailPolicy::Send,
        };
        let session = Session::new(Arc::clone(&self.store) as _, Arc::new(Ids::default()), scope, Arc::clone(&grants));
        StepCall {
            digest: self.digest.clone(),
            step: self.step.clone(),
            context: CallContext {
                tenant_id,
                environment: Environment::Live,
                dialect: "platform".into(),
                execution_id: execution.to_string(),
                definition_id: Some(definition.to_string()),
                node_id: Some("n1".into()),
                attempt: 1,
                dedupe_key: "key-1".into(),
                now: "2026-11-22T09:00:00.000Z".into(),
                timezone: "Europe/Berlin".into(),
                actor: "system".into(),
            },
            config: RawJson::from(&self.config),
            input: RawJson::from(&self.input),
            resume: None,
            grants,
            limits: self.limits,
            secrets: Arc::new(self.secrets.clone()),
            session,
        }
    }

    /// Runs the step.
    pub async fn run(&self) -> StepResult {
        self.sandbox.run_step(self.step_call()).await
    }

    /// Runs the step, which must complete; gives its output.
    pub async fn output(&self) -> Value {
        match self.run().await.outcome {
            Outcome::Completed { output, .. } => output.to_value(),
            other => panic!("{} did not complete: {other:?}", self.step),
        }
    }

    /// Runs the step, which must fail.
    pub async fn fault(&self) -> Fault {
        fault_of(&self.run().await)
    }

    /// Lets the step check its config.
    pub async fn validate(&self) -> Result<Result<RawJson, Vec<stepwright_app::FieldFault>>, Fault> {
        self.sandbox.validate_step(self.step_call()).await
    }
}

/// The fault of a failed call.
pub fn fault_of(result: &StepResult) -> Fault {
    match &result.outcome {
        Outcome::Failed(fault) => fault.clone(),
        other => panic!("it did not fail: {other:?}"),
    }
}
