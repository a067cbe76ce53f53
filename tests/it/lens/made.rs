//! Executions made with each API, brought to where they are wanted.

use super::{Core, Made, World};
use crate::epilot::{TEMPLATES, manual};
use crate::smartmca::{self, fails, node, on_deals, with};
use crate::support::eventually;
use serde_json::{Value, json};

/// The APIs executions are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Hydracore,
    Epilot,
    Softsolz,
    Smartmca,
    Platform,
}

/// What can be made with each.
pub(super) const CASES: [(By, &[Core]); 5] = [
    (
        By::Hydracore,
        &[
            Core::Running,
            Core::Waiting,
            Core::Suspended,
            Core::Paused,
            Core::Completed,
            Core::Failed,
            Core::Cancelled,
            Core::Expired,
        ],
    ),
    (By::Epilot, &[Core::Waiting, Core::Completed, Core::Cancelled]),
    (By::Softsolz, &[Core::Completed]),
    (By::Smartmca, &[Core::Waiting, Core::Paused, Core::Completed, Core::Failed, Core::Cancelled]),
    (By::Platform, &[Core::Waiting, Core::Paused, Core::Completed, Core::Failed, Core::Cancelled]),
];

impl World {
    pub(super) async fn make(&self, by: By, core: Core) -> Made {
        let title = format!("{core:?} by {by:?}");
        match by {
            By::Hydracore => self.record(&title, core).await,
            By::Epilot => self.flow(&title, core).await,
            By::Softsolz => self.run(&title).await,
            By::Smartmca | By::Platform => self.execution(by, &title, core).await,
        }
    }

    async fn record(&self, title: &str, core: Core) -> Made {
        let (path, _) = self.hydracore.open(json!({"title": title, "workflow_type": "custom", "stage": "first"})).await;
        let status = match core {
            Core::Running => "active",
            Core::Waiting => "awaiting_approval",
            Core::Suspended => "suspended",
            Core::Paused => "paused",
            Core::Completed => "completed",
            Core::Failed => "failed",
            Core::Cancelled => "cancelled",
            Core::Expired => "expired",
        };
        self.hydracore.advance(&path, json!({"action": "moved", "status": status})).await;
        self.named(title, core).await
    }

    /// A flow whose only task is for a person, who completes it or closes the flow.
    async fn flow(&self, title: &str, core: Core) -> Made {
        let template = json!({"name": title, "tasks": [manual("call")], "edges": []});
        let template = self.epilot.post(TEMPLATES, &template).await.expect(201).json();
        let contact = json!({"entity_id": "deal_456", "entity_schema": "deal", "is_primary": true});
        let start = json!({"flow_template_id": template["id"], "contexts": [contact]});
        let flow = self.epilot.post("/v2/flows/executions", &start).await.expect(201).json();
        let flow_id = flow["id"].as_str().unwrap().to_owned();
        let path = format!("/v2/flows/executions/{flow_id}");
        match core {
            Core::Completed => {
                let task = format!("{path}/tasks/{}", flow["tasks"][0]["id"].as_str().unwrap());
                self.epilot.json("PATCH", &task, &json!({"status": "COMPLETED"})).await.expect(200);
            }
            Core::Cancelled => {
                self.epilot.json("PATCH", &path, &json!({"status": "CLOSED"})).await.expect(200);
            }
            Core::Waiting => {}
            other => panic!("no flow is ever {other:?}"),
        }
        Made { flow: flow_id, ..self.named(title, core).await }
    }

    async fn run(&self, title: &str) -> Made {
        let steps = json!([{"type": "payments_summary"}, {"type": "create_notification", "config": {"title": "t"}}]);
        let workflow = json!({"name": title, "trigger_type": "manual", "steps": steps});
        let workflow = crate::softsolz::created(&self.softsolz, &workflow).await;
        crate::softsolz::ended(&self.softsolz, &crate::softsolz::run(&self.softsolz, &workflow).await).await;
        self.named(title, Core::Completed).await
    }

    /// An execution of a native definition, started with SmartMCA or on the platform.
    async fn execution(&self, by: By, title: &str, core: Core) -> Made {
        let nothing = node("first", "nothing", &json!({}));
        let person = json!({"id": "ask", "name": "Ask", "type": "manual"});
        let (nodes, on_failure) = match core {
            Core::Completed => ([nothing, node("second", "nothing", &json!({}))], "stop"),
            Core::Failed => ([nothing, fails("second")], "stop"),
            Core::Paused => ([nothing, fails("second")], "pause"),
            Core::Waiting | Core::Cancelled => ([nothing, person], "stop"),
            other => panic!("no execution of a definition is ever {other:?}"),
        };
        let definition = with(on_deals(title, &nodes), json!({"on_failure": on_failure}));
        let (native, workflow) = smartmca::made(&self.host, &self.tenant, &self.smartmca, &definition).await;
        if by == By::Smartmca {
            smartmca::triggered(&self.smartmca, &workflow).await;
        } else {
            let start = format!("{}/definitions/{native}/executions", self.tenant.base);
            let body = json!({"input": {"asked": "nicely"}, "entity": {"schema": "deal", "id": "deal_456"}});
            self.host.operator.post(&start, &body).await.expect(202);
        }
        let made = self.named(title, core).await;
        let path = format!("{}/{}", self.executions(), made.uuid);
        let stands = async |status: &str| {
            eventually(status, || async {
                let shown: Value = self.host.operator.get(&path).await.expect(200).json();
                (shown["status"] == status).then_some(())
            })
            .await;
        };
        match core {
            Core::Completed => stands("completed").await,
            Core::Failed => stands("failed").await,
            Core::Paused => stands("paused").await,
            _ => stands("waiting").await,
        }
        if core == Core::Cancelled {
            self.host.operator.post(&format!("{path}/cancel"), &json!({})).await.expect(200);
        }
        made
    }
}
