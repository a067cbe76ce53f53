//! The built-in actions of automations, in the real sandbox.

use super::{Flows, automation, edge, manual, task_of};
use crate::support::sink::Sink;
use crate::support::{TestHost, eventually};
use serde_json::{Value, json};
use stepwright_engine::flow::{ActionState, AutomationRun, Flow, StatusName, TaskStatus};

async fn start() -> Flows {
    let flows = Flows::on(TestHost::start_reaching_loopback().await).await;
    let ada = json!({ "first_name": "Ada", "email": [{ "email": "ada@example.com" }] });
    flows.entity("contact", "c1", ada).await;
    flows
}

impl Flows {
    /// Gives the built-in actions more.
    async fn grant(&self, grants: Value) {
        let listed = self.host.operator.get(&format!("{}/plugins?built_in=true", self.base)).await.expect(200).json();
        let plugins = listed["data"].as_array().unwrap().clone();
        let actions = plugins.into_iter().find(|plugin| plugin["name"] == "actions").unwrap();
        let path = format!("{}/plugins/actions/{}/enable", self.base, actions["version"].as_str().unwrap());
        self.host.operator.post(&path, &json!({ "grants": grants })).await.expect(200);
    }

    /// Makes an automation of one action and begins a flow that runs it.
    async fn acting(&self, id: &str, step_type: &str, config: Value) -> String {
        self.automation(id, json!([{ "step_type": step_type, "config": config }])).await;
        self.begin(json!([automation("auto", id), manual("next")]), json!([edge("auto", "next")])).await
    }
}

fn run(flow: &Flow) -> AutomationRun {
    task_of(flow, "auto").automation().unwrap().run.clone().unwrap()
}

/// The output of the first action.
fn output(flow: &Flow) -> Value {
    match &run(flow).actions[0].state {
        ActionState::Completed { output, .. } => output.to_value(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_of_an_automation_is_written_with_what_the_entity_holds() {
    let flows = start().await;
    // One that names nobody of the tenant's needs no grant.
    let plain = json!({ "to": "desk@example.com", "subject": "A flow runs", "body": "It does." });
    let flow = flows.acting("plain", "send-email", plain).await;
    flows.stands_at(&flow, &["next"]).await;

    let config = json!({ "to": "{{entity.email.0.email}}", "subject": "Hello {{entity.first_name}}", "body": "Hi" });
    let flow = flows.acting("greets", "send-email", config.clone()).await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "GRANT_MISSING");
    flows.grant(json!({ "entities": { "read": ["contact"] } })).await;
    flows.set(&flow, "auto", TaskStatus::Skipped).await;
    let flow = flows.begin(json!([automation("auto", "greets"), manual("next")]), json!([edge("auto", "next")])).await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    assert_eq!(output(&shown)["recipients"], 1);
    let outbox = flows.host.operator.get(&format!("{}/outbox", flows.base)).await.expect(200).json();
    let mut mails: Vec<(&str, &str)> = outbox["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| (mail["message"]["subject"].as_str().unwrap(), mail["message"]["to"][0].as_str().unwrap()))
        .collect();
    mails.sort_unstable();
    assert_eq!(mails, [("A flow runs", "desk@example.com"), ("Hello Ada", "ada@example.com")]);
}

#[tokio::test]
async fn a_mapped_entity_is_made_with_the_outcome_and_is_the_input_of_a_later_task() {
    let flows = start().await;
    flows.grant(json!({ "entities": { "read": ["contact"], "write": ["order"] } })).await;
    let first = json!({ "target_schema": "order", "mapping_attributes": [
        { "target": "customer.name", "source": "first_name" },
        { "target": "state", "mode": "set_value", "value": "new" }] });
    let again = json!({ "target_schema": "order", "target_id": "{{entity._id}}", "mapping_attributes": [
        { "target": "state", "mode": "set_value", "value": "seen" }] });
    flows.automation("makes", json!([{ "step_type": "map-entity", "config": first }])).await;
    flows.automation("sees", json!([{ "step_type": "map-entity", "config": again }])).await;
    let mut later = automation("later", "sees");
    later["automation_config"]["input_context"] = json!({ "source": "task", "task_id": "auto" });
    let edges = json!([edge("auto", "later"), edge("later", "next")]);
    let flow = flows.begin(json!([automation("auto", "makes"), later, manual("next")]), edges).await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    let made = output(&shown);
    assert_eq!((&made["schema"], &made["created"]), (&json!("order"), &json!(true)));
    let order = flows.attributes("order", made["id"].as_str().unwrap()).await;
    assert_eq!(order, json!({ "customer": { "name": "Ada" }, "state": "seen" }));
}

#[tokio::test]
async fn a_webhook_of_an_automation_carries_an_idempotency_key_and_is_tried_again_under_the_same_one() {
    let flows = start().await;
    let sink = Sink::start().await;
    let config = json!({ "url": format!("{}/hook", sink.url), "body": { "flow": "runs" } });
    let flow = flows.acting("calls", "trigger-webhook", config).await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    let error = failed.error.unwrap();
    let host = sink.url.strip_prefix("http://").unwrap();
    assert!(error.error_code == "GRANT_MISSING" && error.error_reason.contains(&format!("http: {host}")), "{error:?}");
    assert!(sink.received().is_empty());

    flows.grant(json!({ "http": [host] })).await;
    sink.answer_next(&[503]);
    flows.command(&flow, stepwright_engine::flow::Command::RunAutomation { task: failed.id }).await;
    eventually("the first try", || async { (sink.received().len() == 1).then_some(()) }).await;
    // The pause before the next try is a matter of the clock.
    eventually("the second try", || async {
        flows.host.advance_secs(1);
        (sink.received().len() == 2).then_some(())
    })
    .await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    assert_eq!(output(&shown)["status"], 200);
    let received = sink.received();
    let key = |n: usize| received[n].headers["idempotency-key"].to_str().unwrap().to_owned();
    assert_eq!(key(0), key(1));
    assert_eq!(received[1].body, br#"{"flow":"runs"}"#);

    sink.answer_next(&[410]);
    let flow = flows.begin(json!([automation("auto", "calls"), manual("next")]), json!([edge("auto", "next")])).await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "HTTP_STATUS");
}

#[tokio::test]
async fn a_flow_starts_another_with_more_contexts_and_a_chain_of_its_own_ends_after_ten() {
    let flows = start().await;
    flows.entity("order", "o1", json!({})).await;
    let child = json!({ "name": "Child", "tasks": [manual("only")], "edges": [] });
    let child = crate::epilot::template(&flows.client, &child).await["id"].as_str().unwrap().to_owned();
    let config = json!({ "target_workflow": child,
        "contexts": [{ "entity_schema": "order", "entity_id": "o1" }] });
    let flow = flows.acting("starts", "trigger-workflow", config).await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    let started = output(&shown)["execution_id"].as_str().unwrap().to_owned();
    let found =
        eventually("the other flow", || async { flows.host.app.flow(&flows.access().await, &started).await.ok() })
            .await;
    let chain = found.flow.chain.clone().unwrap();
    assert_eq!((chain.parent_execution_id, chain.depth), (flow.clone(), 1));
    assert_eq!(chain.parent_task_id, task_of(&shown, "auto").id);
    let contexts: Vec<(&str, bool)> = found.flow.contexts.iter().map(|c| (&*c.entity_schema, c.is_primary)).collect();
    assert_eq!(contexts, [("contact", true), ("order", false)]);

    // One that starts itself.
    let body = json!({ "name": "Endless", "tasks": [automation("auto", "again"), manual("next")],
        "edges": [edge("auto", "next")] });
    let endless = crate::epilot::template(&flows.client, &body).await["id"].as_str().unwrap().to_owned();
    let again = json!([{ "step_type": "trigger-workflow", "config": { "target_workflow": endless } }]);
    flows.automation("again", again).await;
    flows.launch(&endless, &[("contact", "c1")]).await;
    let last = eventually("the end of the chain", || async {
        let all = flows.host.app.search_flows_by_entity(&flows.access().await, Some("contact"), "c1").await.unwrap();
        all.into_iter()
            .map(|view| view.flow)
            .find(|flow| flow.name == "Endless" && task_of(flow, "auto").status == TaskStatus::Failed)
    })
    .await;
    assert_eq!(last.chain.as_ref().unwrap().depth, 10);
    assert_eq!(task_of(&last, "auto").error.as_ref().unwrap().error_code, "TRIGGER_WORKFLOW_ERROR");
    assert_eq!(last.status.name(), StatusName::Started);
    let all = flows.host.app.search_flows_by_entity(&flows.access().await, Some("contact"), "c1").await.unwrap();
    assert_eq!(all.iter().filter(|view| view.flow.name == "Endless").count(), 11);

    let nowhere = flows.acting("nowhere", "trigger-workflow", json!({ "target_workflow": "nobodyknows" })).await;
    let failed = flows.becomes(&nowhere, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "TRIGGER_WORKFLOW_ERROR");
}

#[tokio::test]
async fn what_is_wrong_with_an_action_s_config_is_told_when_the_automation_is_saved() {
    let flows = start().await;
    let body = json!({ "name": "Wrong", "actions": [
        { "step_type": "send-email", "config": { "to": "nobody", "subject": "s", "body": "b" } },
        { "step_type": "map-entity", "config": { "target_schema": "order", "mapping_attributes": [{ "target": "a" }] } },
        { "step_type": "trigger-webhook", "config": { "url": "ftp://x" } },
        { "step_type": "trigger-workflow", "config": {} },
        { "step_type": "send_fax", "config": {} },
    ] });
    let refused = flows.host.operator.post(&format!("{}/automations", flows.base), &body).await.expect(422).json();
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        pointers,
        [
            "/actions/0/config/to",
            "/actions/1/config/mapping_attributes/0/source",
            "/actions/2/config/url",
            "/actions/3/config/target_workflow",
            "/actions/4/step_type",
        ],
        "{refused}"
    );
}

#[tokio::test]
async fn what_an_action_would_be_refused_is_told_when_the_automation_is_saved() {
    let flows = start().await;
    let mapping =
        json!({ "target_schema": "order", "mapping_attributes": [{ "target": "a", "source": "first_name" }] });
    let hook = json!({ "url": "https://crm.example.com/hook", "headers": { "x-key": "{{secret.crm}}" } });
    let body = json!({ "id": "asks", "name": "Asks", "actions": [
        { "step_type": "send-email", "config": { "to": "desk@example.com", "subject": "s", "body": "b" } },
        { "step_type": "map-entity", "config": mapping },
        { "step_type": "trigger-webhook", "config": hook },
    ] });
    let path = format!("{}/automations", flows.base);
    let told = |shown: &Value| -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let warnings = shown["warnings"].as_array().unwrap();
        warnings.iter().map(|w| (text(&w["pointer"]), text(&w["detail"]))).collect()
    };
    let pointers = |told: &[(String, String)]| told.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>();
    let made = told(&flows.host.operator.post(&path, &body).await.expect(201).json());
    assert_eq!(
        pointers(&made),
        [
            "/actions/1/config",
            "/actions/1/config/target_schema",
            "/actions/2/config/url",
            "/actions/2/config/headers/x-key"
        ]
    );
    assert!(made[1].1.contains("`entities.write: order`") && made[2].1.contains("`http: crm.example.com`"), "{made:?}");
    flows.grant(json!({ "entities": { "write": ["order", "contact"] }, "http": ["crm.example.com"] })).await;
    // Shown as the tenant stands now, whoever asks.
    let one = format!("{path}/asks");
    for shown in [
        flows.host.operator.get(&one).await.expect(200).json(),
        flows.host.operator.json("PUT", &one, &body).await.expect(200).json(),
        flows.host.operator.get(&path).await.expect(200).json()["data"][0].clone(),
    ] {
        assert_eq!(pointers(&told(&shown)), ["/actions/2/config/headers/x-key"], "{shown}");
    }
}
