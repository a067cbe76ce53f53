//! `softsolz` 0.13 from PyPI, unchanged, with `base_url` (source: contracts/softsolz.md 6.2).

use crate::support::process::{Server, target_dir};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

/// A Python with the client installed, made once and kept in the target folder; `None` where there is no Python.
fn python() -> Option<PathBuf> {
    let venv = target_dir().join("clients/softsolz-0.13.0");
    let python = venv.join("bin/python");
    let works = |python: &PathBuf| {
        Command::new(python).args(["-c", "import softsolz"]).output().is_ok_and(|o| o.status.success())
    };
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status();
    if !made.is_ok_and(|s| s.success()) {
        return None;
    }
    let installed = Command::new(&python).args(["-m", "pip", "install", "--quiet", "softsolz==0.13.0"]).status();
    (installed.is_ok_and(|s| s.success()) && works(&python)).then_some(python)
}

#[tokio::test]
async fn the_vendors_python_client_makes_all_of_its_workflow_calls() {
    let Some(python) = python() else {
        eprintln!("\n*** NOT TESTED: python3 with venv, or the package softsolz 0.13.0, cannot be had here ***\n");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let operator = server.operator();
    let tenant = operator.post("/platform/v1/tenants", &json!({"name": "Client"})).await.expect(201).json();
    let base = format!("/platform/v1/tenants/{}", tenant["id"].as_str().unwrap());
    let key = json!({"dialect": "softsolz", "scopes": ["service.workflows.*"], "environment": "test", "rate_limit_per_minute": 6_000});
    let key = operator.post(&format!("{base}/keys"), &key).await.expect(201).json();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients/softsolz_client.py");
    let (base_url, key) = (server.base.clone(), key["key"].as_str().unwrap().to_owned());
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python).arg(script).args([&base_url, &key]).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
    })
    .await
    .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim().ends_with("all calls made"), "{out}\n{err}");
}
