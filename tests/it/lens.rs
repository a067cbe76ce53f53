//! One tenant, seen through every API: what is made with one is read with each other and with the platform's.

use crate::smartmca::{self, member, onboarding};
use crate::support::host::Tenant;
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};

/// A tenant with a client of each API.
struct World {
    host: TestHost,
    tenant: Tenant,
    smartmca: Client,
    softsolz: Client,
    epilot: Client,
}

/// An execution as every API names it.
struct Made {
    /// On the platform, and where ids are UUIDs.
    uuid: String,
    /// `exec_…`.
    smartmca: String,
    /// In epilot: of its own a short text, of others the UUID.
    flow: String,
    title: &'static str,
}

impl World {
    async fn new() -> Self {
        let host = TestHost::start().await;
        let (tenant, smartmca) = member(&host).await;
        let softsolz = host.client(&tenant, "softsolz", crate::softsolz::SCOPES, "live").await;
        let epilot = host.client(&tenant, "epilot", crate::epilot::GRANTS, "live").await;
        Self { host, tenant, smartmca, softsolz, epilot }
    }

    /// The executions of the tenant as SmartMCA and the platform list them, which is the same order.
    async fn named(&self, title: &'static str) -> Made {
        let listed = self.host.operator.get(&format!("{}/executions", self.tenant.base)).await.expect(200).json();
        let here = self.smartmca.get("/api/public/v1/workflows/executions?sort_by=createdAt").await.expect(200).json();
        let place = listed["data"].as_array().unwrap().iter().position(|e| e["title"] == title).expect(title);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let uuid = text(&listed["data"][place]["id"]);
        Made { smartmca: text(&here["data"][place]["id"]), flow: uuid.clone(), uuid, title }
    }

    async fn by_smartmca(&self) -> Made {
        let (_, workflow) = smartmca::made(&self.host, &self.tenant, &self.smartmca, &onboarding()).await;
        smartmca::ended(&self.smartmca, &smartmca::triggered(&self.smartmca, &workflow).await).await;
        self.named("Deal Onboarding").await
    }

    async fn by_softsolz(&self) -> Made {
        let steps = json!([{"type": "payments_summary"}, {"type": "create_notification", "config": {"title": "t"}}]);
        let workflow = json!({"name": "Weekly digest", "trigger_type": "manual", "steps": steps});
        let workflow = crate::softsolz::created(&self.softsolz, &workflow).await;
        crate::softsolz::ended(&self.softsolz, &crate::softsolz::run(&self.softsolz, &workflow).await).await;
        self.named("Weekly digest").await
    }

    async fn by_platform(&self) -> Made {
        let definition = smartmca::with(onboarding(), json!({"name": "Native"}));
        let path = format!("{}/definitions", self.tenant.base);
        let made = self.host.operator.post(&path, &definition).await.expect(201).json();
        let start = format!("{path}/{}/executions?wait=20s", made["id"].as_str().unwrap());
        self.host.operator.post(&start, &json!({})).await.expect(200);
        self.named("Native").await
    }

    /// A flow whose only task is for a person, who completes it.
    async fn by_epilot(&self) -> Made {
        use crate::epilot::{TEMPLATES, manual};
        let template = json!({"name": "Installation", "tasks": [manual("call")], "edges": []});
        let template = self.epilot.post(TEMPLATES, &template).await.expect(201).json();
        let contact = json!({"entity_id": "deal_456", "entity_schema": "deal", "is_primary": true});
        let start = json!({"flow_template_id": template["id"], "contexts": [contact]});
        let flow = self.epilot.post("/v2/flows/executions", &start).await.expect(201).json();
        let flow_id = flow["id"].as_str().unwrap().to_owned();
        let task = format!("/v2/flows/executions/{flow_id}/tasks/{}", flow["tasks"][0]["id"].as_str().unwrap());
        self.epilot.json("PATCH", &task, &json!({"status": "COMPLETED"})).await.expect(200);
        Made { flow: flow_id, ..self.named("Installation").await }
    }

    /// Every API shows it, with the same ends.
    async fn is_seen_everywhere(&self, made: &Made) {
        let Made { uuid, smartmca, flow, title } = made;
        let native = format!("{}/executions/{uuid}", self.tenant.base);
        let shown = self.host.operator.get(&native).await.expect(200).json();
        assert_eq!((&shown["title"], &shown["status"]), (&json!(title), &json!("completed")), "{shown}");
        let history = self.host.operator.get(&format!("{native}/history")).await.expect(200).json();
        let kinds: Vec<&str> = history["data"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
        assert!(kinds.contains(&"execution.completed"), "{kinds:?}");

        let here = smartmca::shown(&self.smartmca, smartmca).await;
        assert_eq!((&here["workflowName"], &here["status"]), (&json!(title), &json!("completed")), "{here}");
        let nodes = shown["nodes"].as_array().unwrap().len();
        assert_eq!(here["nodes"].as_array().unwrap().len(), nodes, "{here}");
        assert!(here["nodes"].as_array().unwrap().iter().all(|n| n["status"] == "completed"), "{here}");

        let run = self.softsolz.get(&format!("{}/runs/{uuid}", crate::softsolz::BASE)).await.expect(200).json();
        assert_eq!((&run["data"]["status"], &run["data"]["run_id"]), (&json!("completed"), &json!(uuid)), "{run}");
        assert_eq!(run["data"]["steps"].as_array().unwrap().len(), nodes, "{run}");
        let listed = self.softsolz.get(&format!("{}/runs?status=completed", crate::softsolz::BASE)).await;
        let listed = listed.expect(200).json();
        assert!(listed["data"].as_array().unwrap().iter().any(|r| r["run_id"] == json!(uuid)), "{listed}");

        let shown = self.epilot.get(&format!("/v2/flows/executions/{flow}")).await.expect(200).json();
        assert_eq!((&shown["name"], &shown["status"]), (&json!(title), &json!("DONE")), "{shown}");
        assert_eq!(shown["tasks"].as_array().unwrap().len(), nodes, "{shown}");
        assert!(shown["tasks"].as_array().unwrap().iter().all(|t| t["status"] == "COMPLETED"), "{shown}");
        if here["entityId"] == "deal_456" {
            let about = json!({"entity_id": "deal_456", "entity_schema": "deal"});
            let found = self.epilot.post("/v2/flows/executions:search", &about).await.expect(200).json();
            assert!(found["results"].as_array().unwrap().iter().any(|f| f["id"] == json!(flow)), "{found}");
        }
    }
}

#[tokio::test]
async fn what_is_made_with_one_api_is_read_with_every_other() {
    let world = World::new().await;
    let made =
        [world.by_smartmca().await, world.by_softsolz().await, world.by_platform().await, world.by_epilot().await];
    for one in &made {
        world.is_seen_everywhere(one).await;
    }
    let all = world.smartmca.get("/api/public/v1/workflows/executions").await.expect(200).json();
    assert_eq!(all["total"], made.len());
}

#[tokio::test]
async fn no_api_shows_another_tenants_executions() {
    let world = World::new().await;
    let made = world.by_smartmca().await;
    let (other, smartmca) = member(&world.host).await;
    let softsolz = world.host.client(&other, "softsolz", crate::softsolz::SCOPES, "live").await;
    smartmca.get(&format!("/api/public/v1/workflows/executions/{}", made.smartmca)).await.expect(404);
    softsolz.get(&format!("{}/runs/{}", crate::softsolz::BASE, made.uuid)).await.expect(404);
    let epilot = world.host.client(&other, "epilot", crate::epilot::GRANTS, "live").await;
    epilot.get(&format!("/v2/flows/executions/{}", made.uuid)).await.expect(404);
    let runs = softsolz.get(&format!("{}/runs", crate::softsolz::BASE)).await.expect(200).json();
    assert_eq!(runs["data"], json!([]));
}

#[tokio::test]
async fn what_stands_still_is_running_for_those_who_have_no_word_for_it() {
    let world = World::new().await;
    let fails = smartmca::fails("n");
    let definition = smartmca::with(smartmca::on_deals("Pauses", &[fails]), json!({"on_failure": "pause"}));
    let (_, workflow) = smartmca::made(&world.host, &world.tenant, &world.smartmca, &definition).await;
    let execution = smartmca::triggered(&world.smartmca, &workflow).await;
    smartmca::until(&world.smartmca, &execution, "the pause", |e| e["isPaused"] == true).await;
    let made = world.named("Pauses").await;
    let run = eventually("the run", || async {
        let run = world.softsolz.get(&format!("{}/runs/{}", crate::softsolz::BASE, made.uuid)).await.expect(200).json();
        (run["data"]["steps"][0]["status"] == "failed").then_some(run)
    })
    .await;
    assert_eq!((&run["data"]["status"], &run["data"]["error"]), (&json!("running"), &Value::Null), "{run}");
}
