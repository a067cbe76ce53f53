//! Every limit ends the call with a fault that names the limit, its value and the use; the host goes on.

use crate::fixture::{Call, Fixture, fault_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stepwright_app::ports::LogLevel;
use stepwright_engine::{Fault, Outcome};

/// Checks what every limit fault must have; gives the use.
fn assert_limit(fault: &Fault, code: &str, name: &str, value: u64) -> u64 {
    assert_eq!(fault.code, code, "{fault:?}");
    let info = fault.info.as_ref().unwrap().to_value();
    assert_eq!((info["limit"].as_str(), info["value"].as_u64()), (Some(name), Some(value)), "{info}");
    assert!(fault.reason.contains(&value.to_string()) || name == "stack", "{}", fault.reason);
    info["used"].as_u64().unwrap()
}

/// The host still runs other components, and holds nothing of the failed call.
async fn assert_host_goes_on(fixture: &Fixture) {
    fixture.assert_idle();
    let echo = fixture.call("bench-echo", "echo").config(json!({"field": "f"}));
    let output = echo.input(json!({"input": {"a": 1}, "outputs": {}, "trigger": {"source": "api"}})).output().await;
    assert_eq!(output["step"], "f");
    fixture.assert_idle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_ends_at_its_wall_time() {
    let fixture = Fixture::new();
    let started = Instant::now();
    let result = hostile(&fixture, "spin").limits(|l| l.wall_ms = 300).run().await;
    let fault = fault_of(&result);
    let used = assert_limit(&fault, "LIMIT_WALL_TIME", "wall_ms", 300);
    assert!((300..3_000).contains(&used), "{used}");
    assert!(fault.retryable);
    assert!(result.metering.wall_us >= 300_000, "{:?}", result.metering);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn a_loop_ends_on_a_runtime_of_one_thread_too() {
    let fixture = Fixture::new();
    let fault = hostile(&fixture, "spin").limits(|l| l.wall_ms = 200).fault().await;
    assert_limit(&fault, "LIMIT_WALL_TIME", "wall_ms", 200);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn a_guest_that_waits_in_the_host_ends_at_its_wall_time() {
    let fixture = Fixture::new();
    let sleeping = hostile(&fixture, "sleep").config(json!({"ms": 60_000})).limits(|l| l.wall_ms = 200);
    let used = assert_limit(&sleeping.fault().await, "LIMIT_WALL_TIME", "wall_ms", 200);
    assert!((200..3_000).contains(&used), "{used}");
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn a_loop_ends_when_its_fuel_is_used_up() {
    let fixture = Fixture::new();
    let result = hostile(&fixture, "spin").limits(|l| l.fuel = 50_000_000).run().await;
    let used = assert_limit(&fault_of(&result), "LIMIT_FUEL", "fuel", 50_000_000);
    assert_eq!((used, result.metering.fuel), (50_000_000, 50_000_000));
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn memory_has_an_end_whether_the_guest_asks_politely_or_not() {
    let fixture = Fixture::new();
    for politely in [false, true] {
        let greedy = hostile(&fixture, "allocate").config(json!({"politely": politely}));
        let result = greedy.limits(|l| l.memory = 20 << 20).run().await;
        let used = assert_limit(&fault_of(&result), "LIMIT_MEMORY", "memory", 20 << 20);
        assert!((20 << 20..30 << 20).contains(&used), "{used}");
        let peak = result.metering.peak_memory;
        assert!((10 << 20..=20 << 20).contains(&peak), "{peak}");
    }
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn memory_that_a_component_needs_to_start_is_limited_too() {
    let fixture = Fixture::new();
    let fault = hostile(&fixture, "trap").limits(|l| l.memory = 64 << 10).fault().await;
    assert_limit(&fault, "LIMIT_MEMORY", "memory", 64 << 10);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn tables_have_an_end() {
    let fixture = Fixture::new();
    let fault = hostile(&fixture, "trap").limits(|l| l.table_elements = 10).fault().await;
    assert!(assert_limit(&fault, "LIMIT_TABLE", "table_elements", 10) > 10);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn the_stack_has_an_end() {
    let fixture = Fixture::new();
    let fault = hostile(&fixture, "recurse").fault().await;
    assert_limit(&fault, "LIMIT_STACK", "stack", 512 << 10);
    assert!(fault.reason.contains("recursion"), "{}", fault.reason);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn host_calls_have_an_end() {
    let fixture = Fixture::new();
    let counting = fixture.call("counter", "count").config(json!({"key": "k"})).grants(all);
    let done = counting.clone().limits(|l| l.host_calls = 3).run().await;
    assert!(matches!(done.outcome, Outcome::Completed { .. }), "{:?}", done.outcome);
    assert_eq!(done.metering.host_calls, 3);
    let result = counting.limits(|l| l.host_calls = 2).run().await;
    assert_eq!(assert_limit(&fault_of(&result), "LIMIT_HOST_CALLS", "host_calls", 2), 3);
    assert_eq!(result.metering.host_calls, 2);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn outgoing_requests_are_host_calls() {
    let fixture = Fixture::new();
    let config = json!({"url": "https://allowed.example.com/"});
    let fetch = hostile(&fixture, "fetch").config(config).grants(all).limits(|l| l.host_calls = 0);
    assert_limit(&fetch.fault().await, "LIMIT_HOST_CALLS", "host_calls", 0);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn output_has_an_end() {
    let fixture = Fixture::new();
    let huge = |bytes: usize| hostile(&fixture, "huge_output").config(json!({"times": 0, "bytes": bytes}));
    assert_eq!(huge(100_000).output().await.as_str().map(str::len), Some(100_000));
    let used = assert_limit(&huge(300_000).fault().await, "LIMIT_OUTPUT", "output", 256 << 10);
    assert_eq!(used, 300_002);
    // So large that the host does not even take it over.
    let fault = huge(20 << 20).limits(|l| l.memory = 256 << 20).fault().await;
    assert_limit(&fault, "LIMIT_TRANSFER", "transfer", 9 << 20);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn the_log_is_cut_and_says_so() {
    let fixture = Fixture::new();
    let flood = hostile(&fixture, "log_flood").config(json!({"times": 5_000, "bytes": 100}));
    let result = flood.run().await;
    assert!(matches!(result.outcome, Outcome::Completed { .. }), "{:?}", result.outcome);
    let bytes: usize = result.logs.iter().map(|line| line.message.len()).sum();
    assert!(bytes <= (64 << 10) + 200, "{bytes}");
    let last = result.logs.last().unwrap();
    assert_eq!(last.level, LogLevel::Warn);
    assert!(last.message.starts_with("log cut: "), "{}", last.message);
    for level in [LogLevel::Info, LogLevel::Error] {
        assert!(result.logs.iter().any(|line| line.level == level), "{level:?}");
    }
    let lines = hostile(&fixture, "hostcall_flood").config(json!({"times": 100_000})).run().await;
    assert!(matches!(lines.outcome, Outcome::Completed { .. }), "{:?}", lines.outcome);
    assert_eq!(lines.logs.len(), 1_001);
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn a_panic_brings_its_text_and_nothing_of_the_host() {
    let fixture = Fixture::new();
    let result = hostile(&fixture, "panic").run().await;
    let fault = fault_of(&result);
    assert_eq!(fault.code, "COMPONENT_TRAP");
    assert!(fault.reason.contains("hostile panic message"), "{}", fault.reason);
    assert!(result.logs.iter().any(|line| line.message.contains("hostile panic message")));
    assert_tells_nothing(&json!([fault.reason, fault.info]));
    assert_host_goes_on(&fixture).await;
}

#[tokio::test]
async fn traps_and_exits_are_faults() {
    let fixture = Fixture::new();
    let trap = hostile(&fixture, "trap").fault().await;
    assert_eq!(trap.code, "COMPONENT_TRAP");
    assert!(trap.reason.contains("unreachable"), "{}", trap.reason);
    let exit = hostile(&fixture, "exit").fault().await;
    assert_eq!(exit.code, "COMPONENT_EXIT");
    assert_tells_nothing(&json!([trap.reason, exit.reason]));
    assert_host_goes_on(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_calls_run_while_guests_misbehave() {
    let fixture = Fixture::new();
    let echo = fixture.call("bench-echo", "echo").config(json!({"field": "f"}));
    let echo = echo.input(json!({"input": {}, "outputs": {}, "trigger": {"source": "api"}}));
    echo.output().await;
    let spin = hostile(&fixture, "spin").limits(|l| l.wall_ms = 1_500);
    let sleep = hostile(&fixture, "sleep").config(json!({"ms": 60_000})).limits(|l| l.wall_ms = 1_500);
    let misbehaving: Vec<_> = [spin.clone(), spin.clone(), spin, sleep.clone(), sleep]
        .into_iter()
        .map(|call| tokio::spawn(async move { call.fault().await }))
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..10 {
        let started = Instant::now();
        echo.output().await;
        assert!(started.elapsed() < Duration::from_millis(1_400), "{:?}", started.elapsed());
    }
    for call in misbehaving {
        assert_eq!(call.await.unwrap().code, "LIMIT_WALL_TIME");
    }
    fixture.assert_idle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_wait_for_a_slot_and_fail_only_when_it_takes_too_long() {
    let fixture = Fixture::with(|config| {
        config.pool = 2;
        config.max_wait = Duration::from_secs(10);
    });
    let sleep = hostile(&fixture, "sleep").config(json!({"ms": 200}));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let call = sleep.clone();
                async move { call.output().await }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), json!({"slept": 200}));
    }
    fixture.assert_idle();

    let impatient = Fixture::with(|config| {
        config.pool = 1;
        config.max_wait = Duration::from_millis(50);
    });
    let long = hostile(&impatient, "sleep").config(json!({"ms": 1_000}));
    let (first, second) = tokio::join!(long.run(), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        long.fault().await
    });
    assert!(matches!(first.outcome, Outcome::Completed { .. }), "{:?}", first.outcome);
    assert_eq!((second.code.as_str(), second.retryable), ("SANDBOX_BUSY", true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let fixture = Fixture::new();
    for step in ["spin", "sleep"] {
        let call = hostile(&fixture, step).config(json!({"ms": 60_000}));
        call.clone().limits(|l| l.wall_ms = 1).run().await;
        let running = tokio::spawn(async move { call.run().await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        running.abort();
        assert!(running.await.is_err_and(|error| error.is_cancelled()));
        fixture.assert_idle();
    }
}

#[tokio::test]
async fn no_limit_is_above_the_operators_ceiling() {
    let fixture = Fixture::with(|config| config.ceilings.wall_ms = 100);
    let fault = hostile(&fixture, "spin").limits(|l| l.wall_ms = u32::MAX).fault().await;
    assert_limit(&fault, "LIMIT_WALL_TIME", "wall_ms", 100);
}

/// No path of the host, no backtrace, whatever RUST_BACKTRACE says.
pub fn assert_tells_nothing(value: &Value) {
    let text = value.to_string();
    for trace in ["/root/", "/work/", "/registry/", ".cargo", "wasmtime", "tokio", "backtrace:", "at /"] {
        assert!(!text.contains(trace), "'{trace}' in {text}");
    }
}

pub fn all(grants: &mut stepwright_app::Grants) {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    grants.entities.write = names(&["*"]);
    grants.data.write = names(&["*"]);
    grants.http = names(&["allowed.example.com"]);
    grants.secrets.insert("token".into(), stepwright_app::SecretGrant::default());
    (grants.mail, grants.notify, grants.kv, grants.flow, grants.events) = (true, true, true, true, true);
}

fn hostile(fixture: &Fixture, step: &str) -> Call {
    fixture.call("hostile", step).grants(all)
}
