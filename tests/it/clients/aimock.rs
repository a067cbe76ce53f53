//! `@copilotkit/aimock` 1.43 from npm: somebody else's idea of the providers' wire formats, with its own log of what it
//! was asked.

use crate::agents::Stage;
use crate::support::process::target_dir;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use stepwright_engine::flow::TaskStatus;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// A folder with the program installed, made once and kept in the target folder; `None` where it cannot be had.
async fn installed() -> Option<PathBuf> {
    let dir = target_dir().join("clients/aimock-1.43.0");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/clients/aimock");
    let program = dir.join("node_modules/@copilotkit/aimock/dist/cli.js");
    if !program.is_file() {
        fs::create_dir_all(&dir).expect("a folder");
        for name in FILES {
            fs::copy(source.join(name), dir.join(name)).expect("a copy");
        }
        let made = Command::new("npm")
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&dir)
            .stdout(Stdio::null())
            .status()
            .await;
        if !made.is_ok_and(|made| made.success()) {
            return None;
        }
    }
    program.is_file().then_some(program)
}

/// Starts it on a free port, with the fixtures beside this file.
async fn start(program: &Path) -> (Child, String) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/clients/aimock/fixtures.json");
    let mut child = Command::new("node")
        .arg(program)
        .args(["-p", "0", "--strict", "-f"])
        .arg(fixtures)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    while let Some(line) = lines.next_line().await.expect("a line") {
        if let Some((_, url)) = line.split_once("listening on ") {
            let url = url.trim().to_owned();
            // What it says further must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (child, url);
        }
    }
    panic!("aimock ended before it listened");
}

/// What it was asked, by its own log: path and status.
async fn asked(url: &str) -> Vec<(String, u64)> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let log = client.get(format!("{url}/__aimock/journal")).send().await.expect("a log").text().await.expect("a log");
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let line =
        |entry: &Value| (entry["path"].as_str().unwrap().to_owned(), entry["response"]["status"].as_u64().unwrap());
    log.as_array().expect("entries").iter().map(line).collect()
}

#[tokio::test]
async fn an_agent_works_with_a_foreign_stand_in_for_both_wire_formats() {
    let Some(program) = installed().await else {
        eprintln!(
            "\n*** NOT TESTED: node with npm, or the package @copilotkit/aimock 1.43.0, cannot be had here ***\n"
        );
        return;
    };
    for (kind, below, path) in [("openai", "/v1", "/v1/chat/completions"), ("anthropic", "", "/v1/messages")] {
        let (_child, url) = start(&program).await;
        let stage = Stage::set().await;
        let settings = json!({
            "webhooks": {"allow_private_targets": true},
            "llm": {
                "providers": {"main": {"kind": kind, "base_url": format!("{url}{below}"), "api_key": "k"}},
                "models": {"fast": {"provider": "main", "model": "m-1"}},
                "default_model": "fast",
            },
        });
        stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &settings).await.expect(200);
        let grants = json!({"entities": {"read": ["order"]}});
        let config = json!({"prompt": "How many?"});
        stage
            .agent(json!({"id": "helper", "name": "H", "agent": "assistant", "config": config, "grants": grants}))
            .await;
        let started = stage.start("helper", Value::Null).await;
        let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
        let run = stage.run_of(&flow).await;
        assert_eq!(run["response"], "There are three.", "{kind}: {run}");
        // It was refused once, which the agent has not noticed, and nothing was asked twice that was answered.
        let all = [429, 200, 200].map(|status| (path.to_owned(), status));
        assert_eq!(asked(&url).await, all, "{kind}");
        let spent = &run["spent"];
        assert_eq!((&spent["llm_calls"], &spent["tool_calls"]), (&json!(2), &json!(1)), "{kind}: {run}");
        assert_eq!((&spent["input_tokens"], &spent["output_tokens"]), (&json!(320), &json!(22)), "{kind}: {run}");
        // Neither did the replay (`run_of`) ask anything.
    }
}
