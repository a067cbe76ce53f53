//! Flows at work: decisions through condition components, automations through steps, entities, timers. Templates are
//! made over HTTP, components run in the real sandbox, only the clock is simulated.

mod actions;
mod automations;
mod conditions;
mod decisions;
mod entities;

use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};
use stepwright_app::Principal;
use stepwright_app::usecases::{Access, StartFlowArgs};
use stepwright_engine::TenantId;
use stepwright_engine::flow::{Command, Context, Flow, Task, TaskPatch, TaskStatus};

pub use crate::epilot::{edge, manual};

/// A host with one tenant that has flows.
pub struct Flows {
    pub host: TestHost,
    /// Of the sandbox tenant, whose mail is kept.
    pub client: Client,
    /// The sandbox tenant's path in the platform API.
    pub base: String,
    tenant: TenantId,
}

impl Flows {
    pub async fn start() -> Self {
        Self::on(TestHost::start().await).await
    }

    pub async fn on(host: TestHost) -> Self {
        let tenant = host.tenant().await;
        let client = host.client(&tenant, "epilot", crate::epilot::GRANTS, "test").await;
        let base = tenant.test_base.clone();
        let tenant = base.rsplit('/').next().expect("an id").parse().expect("a uuid");
        Self { host, client, base, tenant }
    }

    /// As the tenant stands now, with the plugins enabled meanwhile.
    pub async fn access(&self) -> Access {
        self.host.app.tenant_access(Principal::Operator, self.tenant).await.expect("access")
    }

    /// Writes an entity.
    pub async fn entity(&self, schema: &str, id: &str, attributes: Value) {
        let path = format!("{}/entities/{schema}/{id}", self.base);
        let answer = self.host.operator.json("PUT", &path, &json!({ "attributes": attributes })).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    }

    /// An entity's attributes.
    pub async fn attributes(&self, schema: &str, id: &str) -> Value {
        let path = format!("{}/entities/{schema}/{id}", self.base);
        self.host.operator.get(&path).await.expect(200).json()["attributes"].clone()
    }

    /// Makes an automation under this id.
    pub async fn automation(&self, id: &str, actions: Value) {
        let body = json!({ "id": id, "name": id, "actions": actions });
        self.host.operator.post(&format!("{}/automations", self.base), &body).await.expect(201);
    }

    /// Starts a flow of a fresh template about the contact `c1`; gives the flow's id.
    pub async fn begin(&self, tasks: Value, edges: Value) -> String {
        let body = json!({ "name": "Flow", "tasks": tasks, "edges": edges });
        self.begin_template(&body, &[("contact", "c1")]).await
    }

    /// Starts a flow of a fresh template about entities.
    pub async fn begin_template(&self, body: &Value, about: &[(&str, &str)]) -> String {
        let template = crate::epilot::template(&self.client, body).await;
        self.launch(template["id"].as_str().expect("id"), about).await
    }

    /// Starts a flow of a template about entities.
    pub async fn launch(&self, template: &str, about: &[(&str, &str)]) -> String {
        let template = self.host.app.template(&self.access().await, template).await.expect("the template");
        let contexts = about.iter().map(|(schema, id)| Context::new(*schema, *id));
        let args = StartFlowArgs::new(template.definition.id, contexts.collect());
        self.host.app.start_flow(&self.access().await, args).await.expect("a flow").flow.id
    }

    /// The flow as it stands.
    pub async fn shown(&self, flow: &str) -> Flow {
        self.host.app.flow(&self.access().await, flow).await.expect("the flow").flow
    }

    /// The task made from this task of the template.
    pub async fn task(&self, flow: &str, task: &str) -> Task {
        task_of(&self.shown(flow).await, task).clone()
    }

    /// Waits until a task has this status; gives it then.
    pub async fn becomes(&self, flow: &str, task: &str, status: TaskStatus) -> Task {
        let what = format!("{task} {}", status.as_str());
        eventually(&what, || async {
            let found = self.task(flow, task).await;
            (found.status == status).then_some(found)
        })
        .await
    }

    /// Waits until the flow stands at exactly these tasks; gives it then.
    pub async fn stands_at(&self, flow: &str, tasks: &[&str]) -> Flow {
        eventually(&format!("standing at {tasks:?}"), || async {
            let shown = self.shown(flow).await;
            (current(&shown) == tasks).then_some(shown)
        })
        .await
    }

    /// Applies a command.
    pub async fn command(&self, flow: &str, command: Command) -> Flow {
        self.host.app.flow_command(&self.access().await, flow, command).await.expect("the command").flow
    }

    /// Sets a task's status.
    pub async fn set(&self, flow: &str, task: &str, status: TaskStatus) -> Flow {
        let task = self.task(flow, task).await.id;
        let patch = Box::new(TaskPatch { status: Some(status), ..TaskPatch::default() });
        self.command(flow, Command::PatchTask { task, patch }).await
    }
}

/// The task made from this task of the template.
pub fn task_of<'a>(flow: &'a Flow, task: &str) -> &'a Task {
    flow.tasks.iter().find(|t| t.template_id.as_str() == task).unwrap_or_else(|| panic!("no task {task}"))
}

/// The tasks the flow stands at, by their ids in the template.
pub fn current(flow: &Flow) -> Vec<&str> {
    let named = |id| flow.tasks.iter().find(|t| t.id == id).map_or("?", |t| t.template_id.as_str());
    flow.crt_tasks.iter().map(|c| named(c.id.clone())).collect()
}

/// An automatic decision over these conditions.
pub fn decision(id: &str, conditions: Value) -> Value {
    json!({ "id": id, "name": id, "task_type": "DECISION", "trigger_mode": "automatic", "conditions": conditions })
}

/// A branch that is taken when an attribute of the contact compares so.
pub fn branch(id: &str, attribute: &str, kind: &str, operator: &str, values: Value) -> Value {
    let source = json!({ "origin": "trigger", "schema": "contact", "attribute": attribute, "attribute_type": kind });
    let statement = json!({ "id": "s", "source": source, "operator": operator, "values": values });
    json!({ "id": id, "branch_name": id, "logical_operator": "AND", "statements": [statement] })
}

/// An edge of a branch.
pub fn on(from: &str, condition: &str, to: &str) -> Value {
    json!({ "id": format!("{from}-{condition}-{to}"), "from_id": from, "to_id": to, "condition_id": condition })
}

/// The edge taken when no branch is met.
pub fn none_met(from: &str, to: &str) -> Value {
    json!({ "id": format!("{from}-none-{to}"), "from_id": from, "to_id": to, "none_met": true })
}

/// An automation task.
pub fn automation(id: &str, flow_id: &str) -> Value {
    json!({ "id": id, "name": id, "task_type": "AUTOMATION", "automation_config": { "flow_id": flow_id } })
}
