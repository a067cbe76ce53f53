//! V1 executions over HTTP (source: contracts/epilot.md 1B.2).

mod executions;
mod grants;
mod search;
mod search_steps;
mod steps;
mod sync;
mod unlisted;

use super::{DEFINITIONS, member};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

pub const EXECUTIONS: &str = "/v1/workflows/executions";

/// A step of a definition.
pub fn step(name: &str, order: usize) -> Value {
    json!({"id": name, "name": name, "order": order, "type": "STEP"})
}

/// A definition of sections `(name, steps)` and, for an empty name, steps without one.
pub fn definition(name: &str, items: &[(&str, &[&str])]) -> Value {
    let mut flow = Vec::new();
    for (section, steps) in items {
        let steps = steps.iter().enumerate();
        if section.is_empty() {
            flow.extend(steps.map(|(i, s)| step(s, flow.len() + i + 1)).collect::<Vec<_>>());
        } else {
            let steps: Vec<Value> = steps.map(|(i, s)| step(s, i + 1)).collect();
            let order = flow.len() + 1;
            flow.push(json!({"id": section, "name": section, "order": order, "type": "SECTION", "steps": steps}));
        }
    }
    json!({"name": name, "flow": flow})
}

/// Creates a definition and gives its id.
pub async fn defined(client: &Client, body: &Value) -> String {
    id(&client.post(DEFINITIONS, body).await.expect(201).json())
}

/// Starts an execution and gives what is shown of it.
pub async fn started(client: &Client, definition: &str) -> Value {
    client.post(EXECUTIONS, &json!({"workflowId": definition})).await.expect(201).json()
}

pub async fn shown(client: &Client, execution: &str) -> Value {
    client.get(&format!("{EXECUTIONS}/{execution}")).await.expect(200).json()
}

pub fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

/// Sections and steps by name: `[a b] c`.
pub fn outline(execution: &Value) -> String {
    let name = |item: &Value| item["name"].as_str().expect("name").to_owned();
    let items = execution["flow"].as_array().expect("flow").iter().map(|item| match item["type"].as_str() {
        Some("SECTION") => {
            let steps = item["steps"].as_array().expect("steps").iter().map(name).collect::<Vec<_>>();
            format!("[{}]", steps.join(" "))
        }
        _ => name(item),
    });
    items.collect::<Vec<_>>().join(" ")
}

/// A step of an execution by its name.
pub fn step_of(execution: &Value, name: &str) -> Value {
    let items = execution["flow"].as_array().expect("flow");
    let inside = items.iter().flat_map(|item| item["steps"].as_array().into_iter().flatten());
    let found = items.iter().chain(inside).find(|item| item["name"] == name && item["type"] == "STEP");
    found.unwrap_or_else(|| panic!("no step {name} in {execution}")).clone()
}

/// The id of a section of an execution.
pub fn section_of(execution: &Value, name: &str) -> String {
    let items = execution["flow"].as_array().expect("flow");
    id(items.iter().find(|item| item["name"] == name && item["type"] == "SECTION").expect("a section"))
}

/// A host, a client of a fresh tenant, the tenant's id, and an entity of it per id.
pub async fn with_contacts(ids: &[&str]) -> (TestHost, Client, String) {
    let host = TestHost::start().await;
    let (client, org) = member(&host).await;
    for id in ids {
        let body = json!({"attributes": {"_title": format!("Contact {id}")}});
        host.operator
            .json("PUT", &format!("/platform/v1/tenants/{org}/entities/contact/{id}"), &body)
            .await
            .expect(201);
    }
    (host, client, org)
}
