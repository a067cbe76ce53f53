//! The SoftSolz Workflows API over HTTP (source: contracts/softsolz.md).

mod auth;
mod mail;
mod runs;
mod schedules;
mod steps;
mod webhooks;
mod workflows;

use crate::support::{Answer, Client, TestHost, eventually};
use serde_json::{Value, json};

pub const BASE: &str = "/api/v1/services/workflows";
pub const SCOPES: &[&str] = &["service.workflows.*"];

/// A workflow of one step that a call triggers.
pub fn manual(steps: Value) -> Value {
    json!({"name": "A workflow", "trigger_type": "manual", "steps": steps})
}

/// Creates a workflow and gives its id.
pub async fn created(client: &Client, body: &Value) -> String {
    let answer = client.post(&format!("{BASE}/workflows"), body).await.expect(201);
    answer.json()["data"]["id"].as_str().expect("id").to_owned()
}

/// Starts a run and gives its id.
pub async fn run(client: &Client, workflow: &str) -> String {
    let answer = client.post_empty(&format!("{BASE}/workflows/{workflow}/run")).await.expect(201).json();
    assert_eq!(answer["data"]["status"], "queued");
    answer["data"]["run_id"].as_str().expect("run_id").to_owned()
}

/// Polls a run until it has ended.
pub async fn ended(client: &Client, run: &str) -> Value {
    eventually("the run's end", || async {
        let shown = client.get(&format!("{BASE}/runs/{run}")).await.expect(200).json()["data"].clone();
        matches!(shown["status"].as_str(), Some("completed" | "failed" | "cancelled")).then_some(shown)
    })
    .await
}

/// The error's code.
pub fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// A tenant with business data and a sandbox key for everything.
pub async fn sandbox(host: &TestHost) -> (crate::support::host::Tenant, Client) {
    let tenant = host.tenant().await;
    crate::support::data::business(&host.operator, &tenant.test_base).await;
    let client = host.client(&tenant, "softsolz", SCOPES, "test").await;
    (tenant, client)
}
