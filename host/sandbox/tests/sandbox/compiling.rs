//! Compiling in a child process, and what is kept of it.

use crate::fixture::{Components, Fixture, guest};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use stepwright_app::ports::{Sandbox as _, SandboxError};
use stepwright_sandbox::{CompileMode, MacKey};

fn worker() -> CompileMode {
    CompileMode::ChildProcess { program: env!("CARGO_BIN_EXE_stepwright-compile").into(), args: vec![] }
}

fn only_file(dir: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn echo(fixture: &Fixture) -> crate::fixture::Call {
    let input = json!({ "input": {}, "outputs": {}, "trigger": { "source": "api" } });
    fixture.call("bench-echo", "echo").config(json!({"field": "f"})).input(input)
}

#[tokio::test]
async fn a_child_process_compiles() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(|config| {
        config.cache_dir = dir.path().join("cache");
        config.compile = worker();
    });
    assert_eq!(echo(&fixture).output().await, json!({"step": "f"}));
    let info = fixture.sandbox.inspect(guest("counter")).await.unwrap();
    assert_eq!(info.name, "counter");
}

#[tokio::test]
async fn a_compiled_component_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let components = Arc::new(Components::default());
    for _ in 0..2 {
        let fixture = Fixture::over(Arc::clone(&components), |config| {
            config.cache_dir = dir.path().join("cache");
            config.mac_key = MacKey::File(dir.path().join("key"));
        });
        assert_eq!(echo(&fixture).output().await, json!({"step": "f"}));
    }
    assert_eq!(components.asked.load(Ordering::Relaxed), 1, "the second start needed no source");
}

#[tokio::test]
async fn forged_code_is_never_run_but_compiled_anew() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let components = Arc::new(Components::default());
    let start = || {
        Fixture::over(Arc::clone(&components), |config| {
            config.cache_dir = cache.clone();
        })
    };
    echo(&start()).output().await;
    let file = only_file(&cache);
    let genuine = std::fs::read(&file).unwrap();
    let mut changed = genuine.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let forgeries = [changed, genuine[..genuine.len() - 1].to_vec(), genuine[40..].to_vec(), b"junk".to_vec(), vec![]];
    for (round, forged) in forgeries.into_iter().enumerate() {
        std::fs::write(&file, forged).unwrap();
        assert_eq!(echo(&start()).output().await, json!({"step": "f"}), "round {round}");
        assert_eq!(components.asked.load(Ordering::Relaxed), round as u32 + 2, "it was compiled anew");
        assert_eq!(std::fs::read(&file).unwrap().len(), genuine.len(), "and kept again");
    }
    // Code that is genuine for another key is forged for this one.
    let other = Fixture::over(Arc::clone(&components), |config| {
        config.cache_dir = cache.clone();
        config.mac_key = MacKey::Bytes([8; 32]);
    });
    echo(&other).output().await;
    assert_eq!(components.asked.load(Ordering::Relaxed), 7);
}

#[tokio::test]
async fn components_are_loaded_before_they_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let components = Arc::new(Components::default());
    let names = ["counter", "hostile", "bench-echo"];
    let mut digests: Vec<String> = names.iter().map(|name| components.add(guest(name))).collect();
    digests.push("00".repeat(32));
    let mut seconds = Vec::new();
    for _ in 0..2 {
        let fixture = Fixture::over(Arc::clone(&components), |config| {
            config.cache_dir = dir.path().join("cache");
            config.compile = worker();
        });
        let started = Instant::now();
        let failed = fixture.sandbox.preload(&digests, &[]).await;
        seconds.push(started.elapsed().as_secs_f64());
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!((failed[0].0.as_str(), failed[0].1.code.as_str()), (digests[3].as_str(), "COMPONENT_MISSING"));
        assert_eq!(fixture.sandbox.loaded(), 3);
    }
    println!("cold start {:.2} s, warm start {:.3} s", seconds[0], seconds[1]);
    assert!(seconds[1] < 1.0, "{seconds:?}");
}

#[tokio::test]
async fn a_worker_that_cannot_be_run_is_our_fault_not_the_components() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(|config| {
        config.cache_dir = dir.path().to_owned();
        config.compile = CompileMode::ChildProcess { program: "/nowhere/worker".into(), args: vec![] };
    });
    let error = fixture.sandbox.inspect(guest("bench-echo")).await.unwrap_err();
    assert_eq!(error, SandboxError::Unavailable("the compile worker could not be run".into()));
    let fault = echo(&fixture).fault().await;
    assert_eq!((fault.code.as_str(), fault.retryable), ("SANDBOX_UNAVAILABLE", true));
}

#[tokio::test]
async fn a_worker_that_dies_refuses_the_component() {
    let dir = tempfile::tempdir().unwrap();
    let died = async |script: &str| {
        let fixture = Fixture::with(|config| {
            config.cache_dir = dir.path().to_owned();
            config.compile =
                CompileMode::ChildProcess { program: "/bin/sh".into(), args: ["-c", script].map(Into::into).into() };
        });
        fixture.sandbox.inspect(guest("bench-echo")).await.unwrap_err().to_string()
    };
    let text = died("kill -ABRT $$").await;
    assert_eq!(text, "not a usable component: compiling it needed more than 2048 MiB of memory");
    let text = died("kill -XCPU $$").await;
    assert_eq!(text, "not a usable component: compiling it took more than 120 s of CPU time");
    assert_eq!(died("echo odd >&2; exit 2").await, "not a usable component: odd");
    assert_eq!(died("exit 9").await, "sandbox unavailable: the compile worker failed");
}

#[test]
fn the_worker_limits_itself() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stepwright-compile"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let path = format!("/proc/{}/limits", child.id());
    let read = || std::fs::read_to_string(&path).unwrap();
    let started = Instant::now();
    // The worker sets its limits, then waits for its input, which does not come yet.
    let limits = loop {
        let limits = read();
        let set = limits.lines().any(|line| line.starts_with("Max file size") && line.contains(" 0 "));
        if set || started.elapsed().as_secs() > 10 {
            break limits;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max address space"), (2_u64 << 30).to_string());
    assert_eq!(limit("Max cpu time"), "120");
    assert_eq!((limit("Max core file size"), limit("Max file size")), ("0".into(), "0".into()));
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "an empty input names no profile");
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
}
