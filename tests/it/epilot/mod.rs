//! The epilot API over HTTP (source: contracts/epilot.md).

mod auth;
mod closing_reasons;
mod definitions;
mod executions;
mod executions_v1;
mod structure;
mod templates;

use crate::support::{Answer, Client, TestHost};
use serde_json::{Value, json};

pub const TEMPLATES: &str = "/v2/flows/templates";
pub const DEFINITIONS: &str = "/v1/workflows/definitions";
pub const REASONS: &str = "/v1/workflows/closing-reasons";
pub const REASONS_V2: &str = "/v2/workflows/closing-reasons";
pub const GRANTS: &[&str] = &["workflow:*"];

/// A manual task.
pub fn manual(id: &str) -> Value {
    json!({"id": id, "name": id, "task_type": "MANUAL"})
}

/// An edge with an id of its own.
pub fn edge(from: &str, to: &str) -> Value {
    json!({"id": format!("{from}-{to}"), "from_id": from, "to_id": to})
}

/// Two manual tasks in a row.
pub fn flow(name: &str) -> Value {
    json!({"name": name, "tasks": [manual("a"), manual("b")], "edges": [edge("a", "b")]})
}

/// Creates a template and gives what is shown of it.
pub async fn template(client: &Client, body: &Value) -> Value {
    client.post(TEMPLATES, body).await.expect(201).json()
}

/// Creates a closing reason and gives its id.
pub async fn reason(client: &Client, title: &str) -> String {
    let made = client.post(REASONS, &json!({"title": title})).await.expect(201).json();
    made["id"].as_str().expect("id").to_owned()
}

/// A client of a fresh tenant, and the tenant's id.
pub async fn member(host: &TestHost) -> (Client, String) {
    let tenant = host.tenant().await;
    let client = host.client(&tenant, "epilot", GRANTS, "live").await;
    let id = tenant.base.rsplit('/').next().expect("an id").to_owned();
    (client, id)
}

/// The refusal's text; it has nothing else.
pub fn message(answer: &Answer) -> String {
    let body = answer.json();
    let body = body.as_object().expect("an object");
    assert_eq!(body.keys().collect::<Vec<_>>(), ["message"], "{}", answer.text);
    body["message"].as_str().expect("a text").to_owned()
}

/// The names in a list of templates.
pub fn names(results: &Value) -> Vec<String> {
    results.as_array().expect("a list").iter().map(|t| t["name"].as_str().expect("name").to_owned()).collect()
}
