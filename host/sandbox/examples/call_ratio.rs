//! How much slower is a call through the sandbox than the same call through bare wasmtime?
//!
//! Both use the same engine options, the same component, a fresh store and instance per call, fuel, epoch and a memory
//! limit. Bare: nothing of ours, closed WASI. Ours: `run_step`, with everything it checks. Rounds alternate, so that
//! other work on the machine hits both. Prints JSON.
//!
//! `cargo run --release -p stepwright-sandbox --example call_ratio -- [calls per round] [rounds]`

#[path = "../tests/sandbox/store.rs"]
mod store;

use async_trait::async_trait;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwright_app::ports::{CallContext, ComponentSource, Sandbox as _, StepCall};
use stepwright_app::session::{MailPolicy, Session, SessionScope};
use stepwright_app::{Environment, Grants, InvocationLimits};
use stepwright_engine::{ExecutionId, IdSource, Outcome, RawJson, TaskId, TenantId, Timestamp};
use stepwright_sandbox::{CompileMode, MacKey, SandboxConfig, WasmSandbox, engine};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod bare {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@0.1.0", "../../wit/plugin@0.1.0", "../../wit/step@0.1.0"],
        world: "stepwright:step/step-plugin@0.1.0",
        exports: { default: async },
    });
}

use bare::exports::stepwright::step::steps;
use bare::stepwright::types::types;

struct Bare {
    table: ResourceTable,
    wasi: WasiCtx,
    limits: StoreLimits,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

struct One(Vec<u8>);

#[async_trait]
impl ComponentSource for One {
    async fn component(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(self.0.clone()))
    }
}

struct Ids;

impl IdSource for Ids {
    fn fresh(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }
}

/// A JSON object of about 1 KiB, as the step's input.
fn input() -> String {
    let lines: Vec<_> = (0..17)
        .map(|n| json!({ "id": n, "name": format!("position {n}"), "cents": n * 1_999, "paid": n % 2 == 0 }))
        .collect();
    json!({ "input": { "lines": lines }, "outputs": {}, "trigger": { "source": "api" } }).to_string()
}

const CONFIG: &str = r#"{"field":"f"}"#;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let calls = arguments.next().transpose()?.unwrap_or(500);
    let rounds = arguments.next().transpose()?.unwrap_or(20);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/bench-echo.wasm");
    let wasm = std::fs::read(&path).map_err(|e| format!("{}: {e}; `cargo xtask plugins --guests` makes it", path.display()))?;

    let bare = BareCaller::new(&wasm)?;
    let ours = OurCaller::new(wasm)?;
    let (mut bare_us, mut ours_us) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let bare_round = bare.round(calls).await?;
        let ours_round = ours.round(calls).await;
        // The first warms up.
        if round > 0 {
            bare_us.push(bare_round);
            ours_us.push(ours_round);
        }
    }
    let ratios: Vec<f64> = ours_us.iter().zip(&bare_us).map(|(ours, bare)| ours / bare).collect();
    let result = json!({
        "input_bytes": input().len(),
        "calls_per_round": calls,
        "rounds": rounds,
        "bare_us": { "median": median(&bare_us), "least": least(&bare_us) },
        "ours_us": { "median": median(&ours_us), "least": least(&ours_us) },
        "ratio": { "median": median(&ratios), "of_least": least(&ours_us) / least(&bare_us) },
        "limit": 1.5,
    });
    println!("{result:#}");
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn per_call(spent: Duration, calls: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / calls as f64
}

struct BareCaller {
    pre: bare::StepPluginPre<Bare>,
    _ticker: engine::Ticker,
}

impl BareCaller {
    fn new(wasm: &[u8]) -> Result<Self, Box<dyn std::error::Error>> {
        let engine = engine::runner(engine::Profile::Steps, 192)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let pre = bare::StepPluginPre::new(linker.instantiate_pre(&Component::from_binary(&engine, wasm)?)?)?;
        Ok(Self { pre, _ticker: engine::Ticker::start(&engine)? })
    }

    async fn round(&self, calls: usize) -> wasmtime::Result<f64> {
        let call = steps::Call {
            step: "echo".into(),
            context: types::Context {
                tenant: types::Tenant { id: "t".into(), environment: types::Environment::Live },
                dialect: "platform".into(),
                execution_id: "e".into(),
                definition_id: None,
                node_id: None,
                attempt: 1,
                dedupe_key: "k".into(),
                now: "2026-11-22T09:00:00Z".into(),
                timezone: "UTC".into(),
                locale: None,
                actor: "system".into(),
                deadline_ms: 30_000,
            },
            config: CONFIG.into(),
            input: input(),
            resume: None,
        };
        let mut spent = Duration::ZERO;
        for _ in 0..calls {
            let started = Instant::now();
            let limits = StoreLimitsBuilder::new().memory_size(64 << 20).build();
            let state = Bare { table: ResourceTable::new(), wasi: WasiCtx::builder().build(), limits };
            let mut store = Store::new(self.pre.engine(), state);
            store.limiter(|state| &mut state.limits);
            store.set_fuel(20_000_000_000)?;
            store.set_epoch_deadline(1);
            store.epoch_deadline_async_yield_and_update(1);
            let instance = self.pre.instantiate_async(&mut store).await?;
            let outcome = instance.stepwright_step_steps().call_run(&mut store, &call).await?;
            drop(store);
            spent += started.elapsed();
            assert!(matches!(outcome, steps::Outcome::Completed(_)), "{outcome:?}");
        }
        Ok(per_call(spent, calls))
    }
}

struct OurCaller {
    sandbox: WasmSandbox,
    digest: String,
    store: Arc<store::MemoryStore>,
    _dir: tempfile::TempDir,
}

impl OurCaller {
    fn new(wasm: Vec<u8>) -> Result<Self, Box<dyn std::error::Error>> {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(&wasm).iter().map(|byte| format!("{byte:02x}")).collect();
        let dir = tempfile::tempdir()?;
        let config = SandboxConfig::new(dir.path(), MacKey::Bytes([1; 32]), CompileMode::InProcess);
        let sandbox = WasmSandbox::new(config, Arc::new(One(wasm)))?;
        Ok(Self { sandbox, digest, store: Arc::default(), _dir: dir })
    }

    async fn round(&self, calls: usize) -> f64 {
        let grants = Arc::new(Grants::default());
        let mut spent = Duration::ZERO;
        for _ in 0..calls {
            let call = self.call(Arc::clone(&grants));
            let started = Instant::now();
            let result = self.sandbox.run_step(call).await;
            spent += started.elapsed();
            assert!(matches!(result.outcome, Outcome::Completed { .. }), "{:?}", result.outcome);
        }
        per_call(spent, calls)
    }

    fn call(&self, grants: Arc<Grants>) -> StepCall {
        let tenant_id = TenantId::from_uuid(uuid::Uuid::nil());
        let execution = ExecutionId::from_uuid(uuid::Uuid::nil());
        let scope = SessionScope {
            tenant_id,
            plugin: "bench-echo".into(),
            task: Some((execution, TaskId(1))),
            definition: None,
            ordinal: 0,
            depth: 0,
            now: Timestamp::from_secs(0),
            mail: MailPolicy::Send,
        };
        StepCall {
            digest: self.digest.clone(),
            step: "echo".into(),
            context: CallContext {
                tenant_id,
                environment: Environment::Live,
                dialect: "platform".into(),
                execution_id: "e".into(),
                definition_id: None,
                node_id: None,
                attempt: 1,
                dedupe_key: "k".into(),
                now: "2026-11-22T09:00:00Z".into(),
                timezone: "UTC".into(),
                actor: "system".into(),
            },
            config: RawJson::parse_text(CONFIG.into()).unwrap_or_default(),
            input: RawJson::parse_text(input()).unwrap_or_default(),
            resume: None,
            grants: Arc::clone(&grants),
            limits: InvocationLimits::default(),
            secrets: Arc::default(),
            session: Session::new(Arc::clone(&self.store) as _, Arc::new(Ids), scope, grants),
        }
    }
}
