//! V2 executions over HTTP (source: contracts/epilot.md 1B.3 and "State machine").

mod decisions;
mod grants;
mod patches;
mod races;
mod schedules;
mod start;
mod tasks;
mod work;

use super::{GRANTS, template};
use crate::support::host::Tenant;
use crate::support::{Answer, Client, TestHost, eventually};
use serde_json::{Value, json};

pub const EXECUTIONS: &str = "/v2/flows/executions";

/// A tenant with a contact, and a client that may do everything.
pub struct Stage {
    pub host: TestHost,
    pub tenant: Tenant,
    pub client: Client,
}

impl Stage {
    pub async fn new() -> Self {
        let host = TestHost::start().await;
        let tenant = host.tenant().await;
        let client = host.client(&tenant, "epilot", GRANTS, "live").await;
        let stage = Self { host, tenant, client };
        stage.contact("c-1", json!({"name": "Ada", "owner": "u-1"})).await;
        stage
    }

    /// Puts a contact.
    pub async fn contact(&self, id: &str, attributes: Value) {
        let path = format!("{}/entities/contact/{id}", self.tenant.base);
        let put = self.host.operator.json("PUT", &path, &json!({ "attributes": attributes })).await;
        assert!(matches!(put.status, 200 | 201), "{}", put.text);
    }

    /// An automation that does something and succeeds.
    pub async fn automation(&self, id: &str) {
        self.automation_of(id, json!([{"step_type": "mark_invoices_overdue"}])).await;
    }

    pub async fn automation_of(&self, id: &str, actions: Value) {
        let body = json!({"id": id, "name": id, "actions": actions});
        self.host.operator.post(&format!("{}/automations", self.tenant.base), &body).await.expect(201);
    }

    /// Starts an execution of a fresh template on the contact.
    pub async fn start(&self, body: &Value) -> Execution<'_> {
        let made = template(&self.client, body).await;
        let shown = self.client.post(EXECUTIONS, &start_of(&made)).await.expect(201).json();
        Execution { stage: self, id: shown["id"].as_str().expect("id").to_owned(), shown }
    }

    pub async fn key_with(&self, scopes: &[&str], subject: Option<&str>) -> Client {
        let body = json!({"dialect": "epilot", "scopes": scopes, "environment": "live", "subject": subject,
            "rate_limit_per_minute": 100_000});
        let made = self.host.operator.post(&format!("{}/keys", self.tenant.base), &body).await.expect(201).json();
        self.host.operator.with_key(made["key"].as_str().expect("key"))
    }
}

/// The body that starts a template on the contact.
pub fn start_of(template: &Value) -> Value {
    json!({"flow_template_id": template["id"], "contexts": [{"entity_id": "c-1", "entity_schema": "contact"}]})
}

/// A started execution, as it was last shown.
pub struct Execution<'a> {
    stage: &'a Stage,
    pub id: String,
    pub shown: Value,
}

impl Execution<'_> {
    pub fn path(&self) -> String {
        format!("{EXECUTIONS}/{}", self.id)
    }

    /// The id of the task (or phase) with this template id.
    pub fn node(&self, template_id: &str) -> String {
        let lists = ["tasks", "phases"].into_iter().filter_map(|list| self.shown[list].as_array());
        let found = lists.flatten().find(|node| node["template_id"] == template_id);
        found.unwrap_or_else(|| panic!("no {template_id} in {}", self.shown))["id"].as_str().expect("id").to_owned()
    }

    pub fn task(&self, template_id: &str) -> &Value {
        let tasks = self.shown["tasks"].as_array().expect("tasks");
        tasks.iter().find(|t| t["template_id"] == template_id).expect("the task")
    }

    pub fn status(&self, template_id: &str) -> &str {
        self.task(template_id)["status"].as_str().expect("status")
    }

    pub fn at(&self, template_id: &str) -> String {
        format!("{}/tasks/{}", self.path(), self.node(template_id))
    }

    /// The template ids of the current tasks.
    pub fn current(&self) -> Vec<&str> {
        let tasks = self.shown["tasks"].as_array().expect("tasks");
        let of = |id: &Value| tasks.iter().find(|t| &t["id"] == id).expect("a task")["template_id"].as_str();
        let current = self.shown["crt_tasks"].as_array().expect("crt_tasks");
        current.iter().map(|c| of(&c["id"]).expect("template_id")).collect()
    }

    pub async fn reload(&mut self) -> &Value {
        self.shown = self.stage.client.get(&self.path()).await.expect(200).json();
        &self.shown
    }

    /// Patches a task and looks at the execution afterwards.
    pub async fn patch(&mut self, template_id: &str, body: Value) -> Answer {
        let answer = self.stage.client.json("PATCH", &self.at(template_id), &body).await;
        self.reload().await;
        answer
    }

    pub async fn complete(&mut self, template_id: &str) {
        self.patch(template_id, json!({"status": "COMPLETED"})).await.expect(200);
    }

    pub async fn patch_all(&mut self, body: Value) -> Answer {
        let answer = self.stage.client.json("PATCH", &self.path(), &body).await;
        self.reload().await;
        answer
    }

    /// Posts without a body to something of a task, as the vendor's client does.
    pub async fn post(&mut self, template_id: &str, what: &str) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "0")];
        let path = format!("{}/{what}", self.at(template_id));
        let answer = self.stage.client.send("POST", &path, &form, None).await;
        self.reload().await;
        answer
    }

    /// Waits until a task has this status.
    pub async fn becomes(&mut self, template_id: &str, status: &str) {
        let (client, path) = (self.stage.client.clone(), self.path());
        self.shown = eventually(&format!("{template_id} {status}"), || async {
            let shown = client.get(&path).await.expect(200).json();
            let tasks = shown["tasks"].as_array().expect("tasks");
            let there = tasks.iter().any(|t| t["template_id"] == template_id && t["status"] == status);
            there.then_some(shown)
        })
        .await;
    }
}

/// An automation task.
pub fn automation(id: &str, flow_id: &str) -> Value {
    json!({"id": id, "name": id, "task_type": "AUTOMATION", "automation_config": {"flow_id": flow_id}})
}

/// Puts every `null` of a JSON text into a list of places.
pub fn nulls(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| nulls(item, &format!("{at}/{i}"), found));
        }
        Value::Object(members) => members.iter().for_each(|(name, m)| nulls(m, &format!("{at}/{name}"), found)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
