//! How much slower is a call through the sandbox than the same call through bare wasmtime?
//!
//! Both use the same engine options, the same component, a fresh store and instance per call, fuel, epoch and a memory
//! limit. Bare: nothing of ours, closed WASI. Ours: `run_step`, with everything it checks. Rounds alternate, so that
//! other work on the machine hits both. Prints JSON.
//!
//! `cargo run --release -p stepwright-sandbox --example call_ratio -- [calls per round] [rounds]`

#[expect(dead_code, clippy::unwrap_used, reason = "made for the tests, which use more of it")]
#[path = "../tests/sandbox/fixture.rs"]
mod fixture;
#[path = "../tests/sandbox/store.rs"]
mod store;

use fixture::{Call, Fixture, guest};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stepwright_app::ports::Sandbox as _;
use stepwright_engine::Outcome;
use stepwright_sandbox::engine;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Slots of either pool.
const SLOTS: u32 = 192;

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

/// A JSON object of about 1 KiB, as the step's input.
fn input() -> Value {
    let lines: Vec<_> = (0..17)
        .map(|n| json!({ "id": n, "name": format!("position {n}"), "cents": n * 1_999, "paid": n % 2 == 0 }))
        .collect();
    json!({ "input": { "lines": lines }, "outputs": {}, "trigger": { "source": "api" } })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the result is for whoever runs this")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let calls = arguments.next().transpose()?.unwrap_or(500);
    let rounds = arguments.next().transpose()?.unwrap_or(20);
    let bare = BareCaller::new(&guest("bench-echo"))?;
    let fixture = Fixture::with(|config| config.pool = SLOTS);
    let ours = fixture.call("bench-echo", "echo").config(json!({ "field": "f" })).input(input());
    let (mut bare_us, mut ours_us) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let bare_round = bare.round(calls).await?;
        let ours_round = our_round(&fixture, &ours, calls).await;
        // The first warms up.
        if round > 0 {
            bare_us.push(bare_round);
            ours_us.push(ours_round);
        }
    }
    let per_second = two_at_once(&ours, calls * 4).await?;
    let ratios: Vec<f64> = ours_us.iter().zip(&bare_us).map(|(ours, bare)| ours / bare).collect();
    let result = json!({
        "input_bytes": input().to_string().len(),
        "calls_per_round": calls,
        "rounds": rounds,
        "bare_us": { "median": median(&bare_us), "least": least(&bare_us) },
        "ours_us": { "median": median(&ours_us), "least": least(&ours_us) },
        "ratio": { "median": median(&ratios), "of_least": least(&ours_us) / least(&bare_us) },
        "limit": 1.5,
        "ours_on_two_threads_per_s": per_second,
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
        let engine = engine::runner(engine::Profile::Steps, SLOTS)?;
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
            config: r#"{"field":"f"}"#.into(),
            input: input().to_string(),
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

async fn our_round(fixture: &Fixture, call: &Call, calls: usize) -> f64 {
    let mut spent = Duration::ZERO;
    for _ in 0..calls {
        let call = call.step_call();
        let started = Instant::now();
        let result = fixture.sandbox.run_step(call).await;
        spent += started.elapsed();
        assert!(matches!(result.outcome, Outcome::Completed { .. }), "{:?}", result.outcome);
    }
    per_call(spent, calls)
}

/// Calls per second of two tasks at once.
async fn two_at_once(call: &Call, calls: usize) -> Result<f64, tokio::task::JoinError> {
    let started = Instant::now();
    let tasks = [call.clone(), call.clone()].map(|call| {
        tokio::spawn(async move {
            for _ in 0..calls {
                call.run().await;
            }
        })
    });
    for task in tasks {
        task.await?;
    }
    Ok(2.0 * calls as f64 / started.elapsed().as_secs_f64())
}
