//! `softsolz` 0.13 from PyPI, unchanged, with `base_url` (source: contracts/softsolz.md 6.2).

use crate::support::process::Server;
use serde_json::json;
use std::process::Command;

#[tokio::test]
async fn the_vendors_python_client_makes_all_of_its_workflow_calls() {
    let Some(python) = super::python::with("softsolz", "0.13.0") else { return };
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
