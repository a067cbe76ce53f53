//! Agents in flows: run, journalled, confirmed, taken up again.

mod budgets;
mod confirmations;
mod epilot;
mod mcp_server;
mod mcp_tools;
mod models;
mod replays;
mod runs;

use crate::epilot::{GRANTS, edge, manual, template};
use crate::platform::enabled;
use crate::support::host::Tenant;
use crate::support::{TestHost, eventually};
use serde_json::{Value, json};
use std::sync::Arc;
use stepwright_app::Principal;
use stepwright_app::usecases::{Access, StartFlowArgs};
use stepwright_engine::flow::{AgentState, Context, Flow, TaskStatus};

/// A tenant with an entity `order/o1`, in the sandbox.
pub struct Stage {
    pub host: Arc<TestHost>,
    pub tenant: Tenant,
    /// The sandbox tenant's path.
    pub base: String,
    pub access: Access,
}

impl Stage {
    pub async fn set() -> Self {
        Self::on(Arc::new(TestHost::start().await)).await
    }

    pub async fn on(host: Arc<TestHost>) -> Self {
        let tenant = host.tenant().await;
        let base = tenant.test_base.clone();
        let id = base.rsplit('/').next().expect("an id").parse().expect("an id");
        let access = host.app.tenant_access(Principal::Operator, id).await.expect("access");
        let stage = Self { host, tenant, base, access };
        stage.entity("order", "o1", json!({"postal_code": "50667", "amount": 3})).await;
        stage
    }

    pub async fn entity(&self, schema: &str, id: &str, attributes: Value) {
        let path = format!("{}/entities/{schema}/{id}", self.base);
        self.host.operator.json("PUT", &path, &json!({"attributes": attributes})).await.expect(201);
    }

    pub async fn attributes(&self, schema: &str, id: &str) -> Value {
        let path = format!("{}/entities/{schema}/{id}", self.base);
        self.host.operator.get(&path).await.expect(200).json()["attributes"].clone()
    }

    /// Enables the guest's agents, and makes an agent of one of them.
    pub async fn scripted(&self, agent: &str, more: Value) {
        let here = Tenant { base: self.base.clone(), test_base: self.base.clone() };
        enabled(&self.host, &here, "agent-guest", &json!({})).await;
        let mut body = json!({"id": "a", "name": "A", "agent": format!("agent-guest/{agent}")});
        for (name, value) in more.as_object().expect("an object") {
            body[name.as_str()] = value.clone();
        }
        self.agent(body).await;
    }

    pub async fn agent(&self, body: Value) {
        self.host.operator.post(&format!("{}/agents", self.base), &body).await.expect(201);
    }

    /// Starts a flow about `order/o1`: the agent `id`'s task, and a manual one behind it.
    pub async fn start(&self, id: &str, parameters: Value) -> Flow {
        let client = self.host.client(&self.tenant, "epilot", GRANTS, "test").await;
        let task = json!({"id": "agent", "name": "Agent", "task_type": "AI_AGENT",
            "agent_config": {"agent_id": id, "parameters": parameters}});
        let body =
            json!({"name": "With an agent", "tasks": [task, manual("after")], "edges": [edge("agent", "after")]});
        let made = template(&client, &body).await;
        let stored = self.host.app.template(&self.access, made["id"].as_str().expect("id")).await.expect("a template");
        let about = Context { is_primary: true, ..Context::new("order", "o1") };
        let args = StartFlowArgs::new(stored.definition.id, vec![about]);
        self.host.app.start_flow(&self.access, args).await.expect("a flow").flow
    }

    pub async fn flow(&self, id: &str) -> Flow {
        self.host.app.flow(&self.access, id).await.expect("the flow").flow
    }

    /// The flow when the agent's task has come to this status.
    pub async fn becomes(&self, flow: &str, status: TaskStatus) -> Flow {
        eventually(&format!("{status:?}"), || async {
            let flow = self.flow(flow).await;
            (flow.tasks[0].status == status).then_some(flow)
        })
        .await
    }

    /// The run of a flow's agent.
    pub async fn run_of(&self, flow: &Flow) -> Value {
        let run = flow.tasks[0].agent().and_then(|a| a.run.as_ref()).expect("a run").execution_id.clone();
        let path = format!("{}/agent-runs/{run}", self.base);
        let shown = self.host.operator.get(&path).await.expect(200).json();
        // Whatever has ended can be run again from its journal alone, without model and tools, and comes to the same.
        if shown["status"] == "completed" || fails_again(&shown) {
            let replayed = self.host.operator.post_empty(&format!("{path}/replay")).await.expect(200).json();
            assert_eq!(
                (&replayed["same"], &replayed["status"]),
                (&json!(true), &shown["status"]),
                "{replayed} {shown}"
            );
            let journal = self.journal(&shown).await;
            assert_eq!((&journal["intact"], &journal["head"]), (&json!(true), &replayed["head"]), "{shown}");
        }
        shown
    }

    pub async fn journal(&self, run: &Value) -> Value {
        let path = format!("{}/agent-runs/{}/journal", self.base, run["id"].as_str().expect("id"));
        self.host.operator.get(&path).await.expect(200).json()
    }

    /// The only pending question.
    pub async fn question(&self) -> Value {
        eventually("a question", || async {
            let path = format!("{}/confirmations?pending=true", self.base);
            let found = self.host.operator.get(&path).await.expect(200).json();
            found["data"].as_array().expect("data").first().cloned()
        })
        .await
    }

    pub async fn decide(&self, question: &Value, decision: Value, status: u16) -> Value {
        let path = format!("{}/confirmations/{}/decide", self.base, question["id"].as_str().expect("id"));
        self.host.operator.post(&path, &decision).await.expect(status).json()
    }
}

/// Whether a failed run fails again for the same reason: what time, the machine or another agent has done to it does not
/// come again.
fn fails_again(shown: &Value) -> bool {
    let info = &shown["error"]["info"];
    let passing = info["dimension"] == "wall_ms" || info["dimension"] == "fuel" || info["reason"] == "JOURNAL_DIVERGED";
    let limit = info["code"].as_str().is_some_and(|code| code.starts_with("LIMIT_"));
    shown["status"] == "failed" && !passing && !limit
}

/// How far the agent of a flow is.
pub fn state(flow: &Flow) -> &AgentState {
    &flow.tasks[0].agent().and_then(|a| a.run.as_ref()).expect("a run").state
}
