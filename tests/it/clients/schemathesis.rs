//! `schemathesis` from PyPI calls every operation of a dialect's OpenAPI document with what the document allows and with
//! what it does not: no answer is a 5xx, and none has a status or a body the document does not name.

use crate::smartmca::{node, on_deals};
use crate::support::Client;
use crate::support::process::Server;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = "4.32.5";
/// The same calls every time.
const SEED: &str = "20261122";
/// Cases per operation and phase.
const EXAMPLES: &str = "10";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// A tenant on a real server.
struct Bed {
    server: Server,
    dir: tempfile::TempDir,
    operator: Client,
    base: String,
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}")).to_owned()
}

impl Bed {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(dir.path(), &[]);
        let operator = server.operator();
        let tenant = operator.post("/platform/v1/tenants", &json!({"name": "Client"})).await.expect(201).json();
        let base = format!("/platform/v1/tenants/{}", text(&tenant, "id"));
        Self { server, dir, operator, base }
    }

    async fn key(&self, mut key: Value) -> String {
        key["rate_limit_per_minute"] = json!(10_000_000);
        text(&self.operator.post(&format!("{}/keys", self.base), &key).await.expect(201).json(), "key")
    }

    /// Runs over the operations whose paths match; `fixed` are parameters that nobody could guess.
    async fn judge(&self, python: PathBuf, dialect: &str, paths: &str, header: &str, fixed: &[(&str, String)]) {
        let parameters: String = fixed.iter().map(|(name, value)| format!("\"path.{name}\" = \"{value}\"\n")).collect();
        let config = self.dir.path().join(format!("schemathesis-{}.toml", fixed.len()));
        std::fs::write(&config, format!("[parameters]\n{parameters}")).unwrap();
        let base = self.server.base.clone();
        let args = [
            format!("--config-file={}", config.display()),
            "run".into(),
            format!("{base}/openapi/{dialect}.json"),
            format!("--url={base}"),
            format!("--include-path-regex={paths}"),
            format!("--header={header}"),
            format!("--checks={CHECKS}"),
            format!("--max-examples={EXAMPLES}"),
            format!("--seed={SEED}"),
            "--phases=examples,coverage,fuzzing".into(),
            "--generation-deterministic".into(),
            "--suppress-health-check=all".into(),
            "--continue-on-failure".into(),
            "--no-shrink".into(),
            "--workers=1".into(),
            "--warnings=off".into(),
            "--no-color".into(),
        ];
        let dir = self.dir.path().to_owned();
        let output = tokio::task::spawn_blocking(move || {
            Command::new(python.with_file_name("schemathesis"))
                .args(args)
                .current_dir(dir)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .output()
                .unwrap()
        })
        .await
        .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        eprintln!("{out}");
        assert!(output.status.success(), "{dialect} {paths}\n{out}\n{err}");
        assert!(out.contains(" passed"), "nothing was called: {out}\n{err}");
    }
}

#[tokio::test]
async fn smartmcas_document_names_every_answer() {
    let Some(python) = super::python::with("schemathesis", VERSION) else { return };
    let bed = Bed::new().await;
    for (schema, id, attributes) in [
        ("deal", "deal_456", json!({"amount": 1})),
        ("application", "app-1", json!({"stage": "draft", "status": "new"})),
    ] {
        let path = format!("{}/entities/{schema}/{id}", bed.base);
        bed.operator.json("PUT", &path, &json!({ "attributes": attributes })).await.expect(201);
    }
    let mut definition = on_deals("Deal Onboarding", &[node("check", "nothing", &json!({}))]);
    definition["nodes"] =
        json!([{"id": "check", "name": "Check", "type": "step", "step_type": "mark_invoices_overdue", "config": {}}]);
    let path = format!("{}/definitions", bed.base);
    bed.operator.post(&path, &definition).await.expect(201);
    let scopes = crate::smartmca::SCOPES;
    let key = bed.key(json!({"dialect": "smartmca", "scopes": scopes})).await;
    let client = bed.operator.with_key(&key);
    let workflows = client.get("/api/public/v1/workflows").await.expect(200).json();
    let workflow = text(&workflows["data"][0], "id");
    let execution = crate::smartmca::triggered(&client, &workflow).await;
    let header = format!("Authorization: Bearer {key}");
    let known = [("id", workflow), ("executionId", execution), ("applicationId", "app-1".to_owned())];
    bed.judge(python.clone(), "smartmca", ".*", &header, &known).await;
    bed.judge(python, "smartmca", "[{]", &header, &[]).await;
}

#[tokio::test]
async fn hydracores_document_names_every_answer() {
    let Some(python) = super::python::with("schemathesis", VERSION) else { return };
    let bed = Bed::new().await;
    let instance = bed.operator.post(&format!("{}/instances", bed.base), &json!({"name": "agent"})).await;
    let instance = text(&instance.expect(201).json(), "id");
    let proxy = json!({"dialect": "hydracore", "kind": "proxy_key", "instance_id": instance, "scopes": []});
    let proxy = bed.key(proxy).await;
    let key = bed.key(json!({"dialect": "hydracore", "scopes": ["workflows:*"]})).await;
    let path = format!("/internal/v1/instances/{instance}/workflows");
    let opened = async || {
        let body = json!({"customer_id": crate::hydracore::CUSTOMER, "workflow_type": "lead"});
        text(&bed.operator.with_key(&proxy).post(&path, &body).await.expect(201).json(), "id")
    };
    let internal = [("instance_id", instance.clone()), ("workflow_id", opened().await)];
    bed.judge(python.clone(), "hydracore", "^/internal", &format!("Authorization: Bearer {proxy}"), &internal).await;
    let known = [("workflow_id", opened().await)];
    bed.judge(python.clone(), "hydracore", "^/v1", &format!("X-Api-Key: {key}"), &known).await;
    bed.judge(python, "hydracore", "[{]", &format!("X-Api-Key: {key}"), &[]).await;
}
