//! What the sandbox keeps resident when it is idle: after its start, with three components loaded, and after bursts of
//! calls on all slots. Prints JSON.
//!
//! `cargo run --release -p stepwright-sandbox --example idle_memory`

#[expect(dead_code, clippy::unwrap_used, reason = "made for the tests, which use more of it")]
#[path = "../tests/sandbox/fixture.rs"]
mod fixture;
#[path = "../tests/sandbox/store.rs"]
mod store;

use fixture::{Call, Fixture, guest};
use serde_json::{Value, json};
use stepwright_app::SecretGrant;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the result is for whoever runs this")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut steps = vec![json!({ "when": "process started", "resident_kib": resident_kib()? })];
    let mut note = |when: &str| -> Result<(), std::io::Error> {
        steps.push(json!({ "when": when, "resident_kib": resident_kib()? }));
        Ok(())
    };
    let fixture = Fixture::with(|config| config.pool = 192);
    note("sandbox made")?;
    let names = ["bench-echo", "counter", "hostile"];
    let digests: Vec<_> = names.iter().map(|name| fixture.components.add(guest(name))).collect();
    assert_eq!(fixture.sandbox.preload(&digests, &[]).await, []);
    note("three components loaded")?;
    burst(hostile(&fixture, "sleep", json!({ "ms": 1_000 }))).await;
    note("after 192 calls at once that sleep")?;
    burst(hostile(&fixture, "allocate", json!({ "mib": 4 }))).await;
    note("after 192 calls at once of 4 MiB")?;
    println!("{:#}", Value::from(steps));
    Ok(())
}

fn hostile(fixture: &Fixture, step: &str, config: Value) -> Call {
    let call = fixture.call("hostile", step).config(config).limits(|limits| limits.wall_ms = 60_000);
    call.grants(|grants| {
        grants.http.insert("allowed.example.com".into());
        grants.secrets.insert("token".into(), SecretGrant::default());
    })
}

async fn burst(call: Call) {
    let calls = (0..192).map(|_| {
        tokio::spawn({
            let call = call.clone();
            async move { call.output().await }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.is_ok());
    }
}

fn resident_kib() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0))
}
