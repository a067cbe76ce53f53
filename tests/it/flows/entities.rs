//! Entity sync and what entities show of their flows.

use super::{Flows, automation, branch, decision, edge, manual, on};
use serde_json::{Value, json};
use stepwright_engine::flow::{Assignee, Command, Context, FlowPatch, StatusName, TaskPatch, TaskStatus};

fn sync(event: &str, attribute: &str, source: Value) -> Value {
    json!({ "trigger": { "event": event }, "target": { "entitySchema": "contact", "entityAttribute": attribute },
        "value": source })
}

fn of(source: &str) -> Value {
    json!({ "source": source })
}

/// Each event counted in an attribute of its own by what it says, and all sources.
fn template() -> Value {
    let custom = |event: &str| sync(event, &format!("on_{event}"), json!({ "source": "custom_value", "value": event }));
    let events = [
        "FlowStarted",
        "FlowCompleted",
        "FlowCancelled",
        "FlowReopened",
        "FlowAssigned",
        "FlowDueDateChanged",
        "FlowContextsChanged",
        "TaskUpdated",
        "CurrTaskChanged",
        "TaskCompleted",
        "TaskSkipped",
        "TaskMarkedInProgress",
        "TaskMarkedOnHold",
        "PhaseUpdated",
        "PhaseCompleted",
        "PhaseSkipped",
        "PhaseMarkedInProgress",
        "FlowDeleted",
    ];
    let mut syncs: Vec<Value> = events.into_iter().map(custom).collect();
    for (event, attribute, source) in [
        ("FlowStarted", "workflow_name", "workflow_name"),
        ("FlowAssigned", "workflow_assigned_to", "workflow_assigned_to"),
        ("FlowCompleted", "workflow_status", "workflow_status"),
        ("CurrTaskChanged", "task_name", "task_name"),
        ("TaskUpdated", "task_status", "task_status"),
        ("TaskUpdated", "task_assigned_to", "task_assigned_to"),
        ("CurrTaskChanged", "phase_name", "phase_name"),
        ("PhaseUpdated", "phase_status", "phase_status"),
        ("PhaseUpdated", "phase_assigned_to", "phase_assigned_to"),
    ] {
        syncs.push(sync(event, attribute, of(source)));
    }
    let in_phase = |id: &str, phase: &str| {
        let mut task = manual(id);
        task["phase_id"] = json!(phase);
        task
    };
    json!({ "name": "Synced", "entity_sync": syncs,
        "phases": [{ "id": "p1", "name": "First", "assigned_to": ["u9"] }, { "id": "p2", "name": "Second" }],
        "tasks": [in_phase("a", "p1"), in_phase("b", "p2")],
        "edges": [edge("p1", "p2")] })
}

impl Flows {
    /// Waits until an attribute of the contact has this value.
    async fn attribute(&self, name: &str, value: Value) {
        let found = self.attributes("contact", "c1").await[name].clone();
        assert_eq!(found, value, "{name}");
    }

    async fn patch_flow(&self, flow: &str, patch: FlowPatch) {
        self.command(flow, Command::PatchFlow(patch)).await;
    }

    async fn patch_task(&self, flow: &str, task: &str, patch: TaskPatch) {
        let task = self.task(flow, task).await.id;
        self.command(flow, Command::PatchTask { task, patch: Box::new(patch) }).await;
    }
}

#[tokio::test]
async fn every_event_writes_to_the_entity_with_the_transition_that_causes_it() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "name": "Ada" })).await;
    flows.entity("contact", "c2", json!({})).await;
    let flow = flows.begin_template(&template(), &[("contact", "c1")]).await;
    for (name, value) in [
        ("on_FlowStarted", "FlowStarted"),
        ("workflow_name", "Synced"),
        ("on_CurrTaskChanged", "CurrTaskChanged"),
        ("task_name", "a"),
        ("phase_name", "First"),
        // What was there stays.
        ("name", "Ada"),
    ] {
        flows.attribute(name, json!(value)).await;
    }

    let user = |id: &str| Some(vec![Assignee::User(id.into())]);
    flows.patch_flow(&flow, FlowPatch { assigned_to: user("u1"), ..FlowPatch::default() }).await;
    flows.attribute("on_FlowAssigned", json!("FlowAssigned")).await;
    flows.attribute("workflow_assigned_to", json!(["u1"])).await;
    let due = Some("2026-12-01T00:00:00.000Z".into());
    flows.patch_flow(&flow, FlowPatch { due_date: due, ..FlowPatch::default() }).await;
    flows.attribute("on_FlowDueDateChanged", json!("FlowDueDateChanged")).await;
    let context = |id: &str, is_primary| Context { is_primary, ..Context::new("contact", id) };
    let contexts = Some(vec![context("c1", true), context("c2", false)]);
    flows.patch_flow(&flow, FlowPatch { contexts, ..FlowPatch::default() }).await;
    flows.attribute("on_FlowContextsChanged", json!("FlowContextsChanged")).await;
    assert_eq!(flows.attributes("contact", "c2").await["on_FlowContextsChanged"], "FlowContextsChanged");

    flows.patch_task(&flow, "a", TaskPatch { assigned_to: user("u2"), ..TaskPatch::default() }).await;
    flows.attribute("on_TaskUpdated", json!("TaskUpdated")).await;
    flows.attribute("task_assigned_to", json!(["u2"])).await;
    flows.set(&flow, "a", TaskStatus::InProgress).await;
    flows.attribute("on_TaskMarkedInProgress", json!("TaskMarkedInProgress")).await;
    flows.attribute("task_status", json!("IN_PROGRESS")).await;
    flows.set(&flow, "a", TaskStatus::OnHold).await;
    flows.attribute("on_TaskMarkedOnHold", json!("TaskMarkedOnHold")).await;
    flows.set(&flow, "a", TaskStatus::Completed).await;
    flows.attribute("on_TaskCompleted", json!("TaskCompleted")).await;
    flows.attribute("on_PhaseCompleted", json!("PhaseCompleted")).await;
    flows.attribute("on_PhaseMarkedInProgress", json!("PhaseMarkedInProgress")).await;
    flows.attribute("on_PhaseUpdated", json!("PhaseUpdated")).await;
    flows.attribute("task_name", json!("b")).await;
    flows.attribute("phase_name", json!("Second")).await;
    flows.set(&flow, "b", TaskStatus::Skipped).await;
    flows.attribute("on_TaskSkipped", json!("TaskSkipped")).await;
    flows.attribute("on_PhaseSkipped", json!("PhaseSkipped")).await;
    flows.attribute("on_FlowCompleted", json!("FlowCompleted")).await;
    flows.attribute("workflow_status", json!("DONE")).await;

    let status = |status| FlowPatch { status: Some(status), ..FlowPatch::default() };
    flows.patch_flow(&flow, status(StatusName::Started)).await;
    flows.attribute("on_FlowReopened", json!("FlowReopened")).await;
    flows.patch_flow(&flow, status(StatusName::Closed)).await;
    flows.attribute("on_FlowCancelled", json!("FlowCancelled")).await;
    flows.host.app.delete_flow(&flows.access().await, &flow, true).await.unwrap();
    flows.attribute("on_FlowDeleted", json!("FlowDeleted")).await;
}

#[tokio::test]
async fn what_a_step_stages_and_what_the_flow_writes_to_the_same_entity_stand_together() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "name": "Ada" })).await;
    let listed = flows.host.operator.get(&format!("{}/plugins?built_in=true", flows.base)).await.expect(200).json();
    let actions = listed["data"].as_array().unwrap().iter().find(|p| p["name"] == "actions").unwrap().clone();
    let path = format!("{}/plugins/actions/{}/enable", flows.base, actions["version"].as_str().unwrap());
    let grants = json!({ "grants": { "entities": { "write": ["contact"] } } });
    flows.host.operator.post(&path, &grants).await.expect(200);
    let mapping = json!({ "target_schema": "contact", "target_id": "{{entity._id}}",
        "mapping_attributes": [{ "target": "by_step", "mode": "set_value", "value": "{{entity.name}}" }] });
    flows.automation("maps", json!([{ "step_type": "map-entity", "config": mapping }])).await;
    let body = json!({ "name": "Both", "tasks": [automation("auto", "maps"), manual("next")],
        "edges": [edge("auto", "next")],
        "entity_sync": [sync("TaskCompleted", "by_flow", of("task_name"))] });
    let flow = flows.begin_template(&body, &[("contact", "c1")]).await;
    flows.stands_at(&flow, &["next"]).await;
    let contact = flows.attributes("contact", "c1").await;
    assert_eq!((&contact["by_step"], &contact["by_flow"]), (&json!("Ada"), &json!("auto")));
}

#[tokio::test]
async fn an_entity_shows_the_flows_about_it_and_takes_none_of_it_for_its_own() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "name": "Ada" })).await;
    assert_eq!(flows.attributes("contact", "c1").await, json!({ "name": "Ada" }));
    let body = json!({ "name": "Shown", "tasks": [manual("a"), manual("b")], "edges": [edge("a", "b")] });
    let first = flows.begin_template(&body, &[("contact", "c1")]).await;
    flows.host.advance_secs(1);
    let second = flows.begin_template(&body, &[("contact", "c1")]).await;
    flows.set(&second, "a", TaskStatus::Completed).await;
    flows.set(&second, "b", TaskStatus::Completed).await;
    let shown = flows.attributes("contact", "c1").await;
    let workflows = &shown["workflows"];
    // The newest one has ended, so the other is what the entity is about.
    assert_eq!((&workflows["primary"]["id"], &workflows["primary"]["task_name"]), (&json!(first), &json!("a")));
    let definition = workflows["primary"]["definition_id"].as_str().unwrap();
    assert_eq!(workflows[definition].as_array().unwrap().len(), 1);
    assert_eq!(workflows.as_object().unwrap().len(), 3, "{workflows}");

    // Written back as it was read, nothing of it is kept.
    flows.entity("contact", "c1", shown).await;
    flows.host.app.delete_flow(&flows.access().await, &first, false).await.unwrap();
    flows.host.app.delete_flow(&flows.access().await, &second, true).await.unwrap();
    assert_eq!(flows.attributes("contact", "c1").await, json!({ "name": "Ada" }));
}

#[tokio::test]
async fn a_list_of_entities_shows_their_flows_too() {
    let flows = Flows::start().await;
    for id in ["c1", "c2", "c3"] {
        flows.entity("contact", id, json!({ "name": id })).await;
    }
    let body = json!({ "name": "Shown", "tasks": [manual("a"), manual("b")], "edges": [edge("a", "b")] });
    let both = flows.begin_template(&body, &[("contact", "c1"), ("contact", "c3")]).await;
    // More than a list shows of each, and newer than the one that still runs.
    for _ in 0..12 {
        flows.host.advance_secs(1);
        let ended = flows.begin_template(&body, &[("contact", "c1")]).await;
        let status = Some(StatusName::Closed);
        flows.patch_flow(&ended, FlowPatch { status, ..FlowPatch::default() }).await;
    }
    let listed = flows.host.operator.get(&format!("{}/entities/contact", flows.base)).await.expect(200).json();
    let shown: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|e| &e["attributes"]).collect();
    assert_eq!(shown[1], &json!({ "name": "c2" }));
    let workflows = |n: usize| shown[n]["workflows"].as_object().unwrap();
    assert_eq!((workflows(0)["primary"]["id"].as_str(), workflows(0).len()), (Some(both.as_str()), 11));
    assert_eq!((workflows(2)["primary"]["id"].as_str(), workflows(2).len()), (Some(both.as_str()), 2));
    // By itself an entity shows more.
    let alone = flows.attributes("contact", "c1").await;
    assert_eq!(alone["workflows"].as_object().unwrap().len(), 14);
    assert_eq!(alone["workflows"]["primary"]["id"], json!(both));
}

#[tokio::test]
async fn an_entity_that_changes_while_its_first_flow_begins_is_told() {
    let flows = Flows::start().await;
    let conditions = json!([
        branch("adult", "age", "number", "greater_than_or_equals", json!(["18"])),
        branch("old", "age", "number", "greater_than", json!(["99"])),
    ]);
    let body = json!({ "name": "First", "tasks": [decision("d", conditions), manual("a"), manual("b")],
        "edges": [on("d", "adult", "a"), on("d", "old", "b")] });
    let template = crate::epilot::template(&flows.client, &body).await["id"].as_str().unwrap().to_owned();
    let mut begun = Vec::new();
    for n in 0..60 {
        let id = format!("c{n}");
        flows.entity("contact", &id, json!({ "age": 12 })).await;
        let about = [("contact", id.as_str())];
        let later = async {
            tokio::time::sleep(std::time::Duration::from_micros(n * 40)).await;
            flows.entity("contact", &id, json!({ "age": 18 })).await;
        };
        let (flow, ()) = tokio::join!(flows.launch(&template, &about), later);
        begun.push(flow);
    }
    // However the two have met: nobody waits for a change that has come already.
    for flow in begun {
        flows.stands_at(&flow, &["a"]).await;
    }
}
