//! `mcp` 2.3.0 from PyPI, unchanged: a foreign client of the Model Context Protocol.

use crate::platform::{all_grants, guest};
use crate::support::Client;
use crate::support::process::Server;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// A Python with the client; `None`, and said so, where it cannot be had.
pub fn python() -> Option<PathBuf> {
    super::python::with("mcp", "2.3.0")
}

async fn key(operator: &Client, base: &str) -> String {
    let key =
        json!({"dialect": "platform", "scopes": ["platform:read", "platform:write"], "rate_limit_per_minute": 6_000});
    let made: Value = operator.post(&format!("{base}/keys"), &key).await.expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_foreign_client_lists_and_calls_a_tenants_step_and_another_key_sees_none() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let operator = server.operator();
    let mut arguments = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients/mcp_client.py").to_owned()];
    for name in ["Mine", "Theirs"] {
        let made = operator.post("/platform/v1/tenants", &json!({"name": name})).await.expect(201).json();
        let base = format!("/platform/v1/tenants/{}", made["id"].as_str().unwrap());
        if name == "Mine" {
            let wasm = [("content-type", "application/wasm")];
            let plugins = format!("{base}/plugins");
            let plugin = operator.send("POST", &plugins, &wasm, Some(guest("counter"))).await.expect(201).json();
            let enable = format!("{plugins}/counter/{}/enable", plugin["version"].as_str().unwrap());
            operator.post(&enable, &all_grants()).await.expect(200);
        }
        arguments.push(format!("{}{base}/mcp", server.base));
        arguments.push(key(&operator, &base).await);
    }
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
    })
    .await
    .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim().ends_with("all calls made"), "{out}\n{err}");
}
