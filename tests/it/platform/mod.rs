//! The platform API over HTTP (source: contracts/platform.md).

mod automations;
mod data;
mod definitions;
mod plugins;
mod tenants;

use crate::support::host::Tenant;
use crate::support::{Client, TestHost, process::target_dir};
use serde_json::{Value, json};

/// A guest's bytes.
pub fn guest(name: &str) -> Vec<u8> {
    let path = target_dir().join("guests").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run `cargo xtask plugins --guests`", path.display()))
}

/// Publishes a guest and gives what the host says of it.
pub async fn published(operator: &Client, tenant: &Tenant, name: &str) -> Value {
    let wasm = [("content-type", "application/wasm")];
    operator.send("POST", &format!("{}/plugins", tenant.base), &wasm, Some(guest(name))).await.expect(201).json()
}

/// Publishes and enables a guest; gives its name and version.
pub async fn enabled(host: &TestHost, tenant: &Tenant, name: &str, request: &Value) -> (String, String) {
    let plugin = published(&host.operator, tenant, name).await;
    let (name, version) = (plugin["name"].as_str().unwrap().to_owned(), plugin["version"].as_str().unwrap().to_owned());
    let path = format!("{}/plugins/{name}/{version}/enable", tenant.base);
    host.operator.post(&path, request).await.expect(200);
    (name, version)
}

/// Everything the guest `counter` asks for.
pub fn all_grants() -> Value {
    json!({"grants": {"entities": {"read": ["*"], "write": ["*"]}, "data": {"read": ["*"], "write": ["*"]},
        "mail": true, "notify": true, "kv": true, "flow": true, "events": true}})
}

/// A chain of step nodes.
pub fn chain(steps: &[(&str, Value)]) -> Value {
    let id = |i: usize| format!("n{i}");
    let nodes: Vec<Value> = steps
        .iter()
        .enumerate()
        .map(|(i, (kind, config))| json!({"id": id(i), "name": id(i), "type": "step", "step_type": kind, "config": config}))
        .collect();
    let edges: Vec<Value> = (1..steps.len()).map(|i| json!({"from": id(i - 1), "to": id(i)})).collect();
    json!({"name": "A chain", "status": "active", "trigger": {"kind": "manual"}, "nodes": nodes, "edges": edges})
}

/// Creates a definition and gives its id.
pub async fn defined(host: &TestHost, tenant: &Tenant, definition: &Value) -> String {
    let made = host.operator.post(&format!("{}/definitions", tenant.base), definition).await.expect(201).json();
    made["id"].as_str().expect("id").to_owned()
}

/// Runs a definition to its end.
pub async fn ran(host: &TestHost, tenant: &Tenant, definition: &str, input: Value) -> Value {
    let path = format!("{}/definitions/{definition}/executions?wait=20s", tenant.base);
    host.operator.post(&path, &json!({"input": input})).await.expect(200).json()
}
