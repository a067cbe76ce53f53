//! The SmartMCA public workflows API over HTTP (source: contracts/smartmca.md).

mod applications;
mod auth;
mod curl;
mod decisions;
mod events;
mod executions;
mod failures;
mod trigger;
mod webhooks;
mod workflows;

use crate::platform::enabled;
use crate::support::host::Tenant;
use crate::support::{Answer, Client, TestHost, eventually};
use serde_json::{Value, json};

pub const BASE: &str = "/api/public/v1";
pub const SCOPES: &[&str] = &["workflows:read", "workflows:trigger", "underwriting:trigger"];

/// A tenant with a key for everything, the guest `counter`, and a deal.
pub async fn member(host: &TestHost) -> (Tenant, Client) {
    let tenant = host.tenant().await;
    let grants = json!({"grants": {"entities": {"read": ["*"], "write": ["*"]}, "data": {"read": ["*"], "write": ["*"]},
        "mail": true, "notify": true, "kv": true, "flow": true, "events": true}});
    enabled(host, &tenant, "counter", &grants).await;
    put(host, &tenant, "deal", "deal_456", &json!({"amount": 50_000, "state": "NY"})).await;
    let client = host.client(&tenant, "smartmca", SCOPES, "live").await;
    (tenant, client)
}

/// Writes an entity.
pub async fn put(host: &TestHost, tenant: &Tenant, schema: &str, id: &str, attributes: &Value) {
    let path = format!("{}/entities/{schema}/{id}", tenant.base);
    let answer = host.operator.json("PUT", &path, &json!({ "attributes": attributes })).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
}

/// A node that runs a step of the guest.
pub fn node(id: &str, step: &str, config: &Value) -> Value {
    json!({"id": id, "name": format!("Node {id}"), "type": "step", "step_type": format!("counter/{step}"), "config": config})
}

/// A node whose step looks for a deal that nobody has.
pub fn fails(id: &str) -> Value {
    node(id, "get_entity", &json!({"schema": "deal", "id": "nobody"}))
}

/// A definition on deals of these nodes in a row.
pub fn on_deals(name: &str, nodes: &[Value]) -> Value {
    json!({"name": name, "description": "For the tests", "icon": "briefcase", "category": "onboarding",
        "entity_type": "deal", "trigger": {"kind": "manual"}, "nodes": nodes})
}

/// Three nodes that do nothing.
pub fn onboarding() -> Value {
    let nodes = ["check", "file", "welcome"].map(|id| node(id, "nothing", &json!({})));
    on_deals("Deal Onboarding", &nodes)
}

/// `body` with more members.
pub fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Makes a definition; gives its id on the platform API and here.
pub async fn made(host: &TestHost, tenant: &Tenant, client: &Client, definition: &Value) -> (String, String) {
    let shown = host.operator.post(&format!("{}/definitions", tenant.base), definition).await.expect(201).json();
    let name = shown["name"].as_str().unwrap();
    let listed = client.get(&format!("{BASE}/workflows")).await.expect(200).json();
    let here = listed["data"].as_array().unwrap().iter().find(|w| w["name"] == name);
    let here = here.map(|w| w["id"].as_str().unwrap().to_owned()).unwrap_or_default();
    (shown["id"].as_str().unwrap().to_owned(), here)
}

/// Triggers a workflow on the deal and gives the execution's id.
pub async fn triggered(client: &Client, workflow: &str) -> String {
    let body = json!({"workflowType": workflow, "entityType": "deal", "entityId": "deal_456"});
    let answer = client.post(&format!("{BASE}/workflows/trigger"), &body).await.expect(202).json();
    answer["executionId"].as_str().unwrap().to_owned()
}

/// An execution as it stands.
pub async fn shown(client: &Client, execution: &str) -> Value {
    client.get(&format!("{BASE}/workflows/executions/{execution}")).await.expect(200).json()
}

/// Polls an execution until it is as wanted.
pub async fn until(client: &Client, execution: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let shown = shown(client, execution).await;
        wanted(&shown).then_some(shown)
    })
    .await
}

/// Polls an execution until it has ended.
pub async fn ended(client: &Client, execution: &str) -> Value {
    until(client, execution, "the execution's end", |e| {
        matches!(e["status"].as_str(), Some("completed" | "failed" | "cancelled"))
    })
    .await
}

/// The platform's path of an execution known by its id here, found by its place in the list.
pub async fn native(host: &TestHost, tenant: &Tenant, definition: &str) -> String {
    let listed = host.operator.get(&format!("{}/executions?definition_id={definition}", tenant.base)).await;
    let listed = listed.expect(200).json();
    format!("{}/executions/{}", tenant.base, listed["data"][0]["id"].as_str().unwrap())
}

/// The error's code.
pub fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// The fields of the error's details.
pub fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let details = body["error"]["details"].as_array().expect("details").clone();
    details.iter().map(|d| d["field"].as_str().unwrap().to_owned()).collect()
}
