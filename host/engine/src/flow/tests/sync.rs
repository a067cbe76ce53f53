//! Entity sync: which events write what where.

use super::*;

/// Two phases with a task each; every event writes its own name to the attribute `event`.
fn bench(syncs: Value) -> Bench {
    let mut document = manual(&["a", "b"], &[("p", "q")]);
    document["phases"] = json!([{"id": "p", "name": "first", "assigned_to": ["up"]}, {"id": "q", "name": "second"}]);
    document["tasks"][0]["phase_id"] = json!("p");
    document["tasks"][0]["assigned_to"] = json!(["ua"]);
    document["tasks"][1]["phase_id"] = json!("q");
    document["assigned_to"] = json!(["uf"]);
    document["entity_sync"] = syncs;
    begin(document)
}

fn sync(event: &str, value: Value, filter: Value) -> Value {
    json!({"trigger": {"event": event, "filter": filter}, "value": value,
        "target": {"entitySchema": "contract", "entityAttribute": event}})
}

fn every_event() -> Value {
    let custom = |e: &SyncEvent| sync(e.as_str(), json!({"source": "custom_value", "value": "yes"}), Value::Null);
    SyncEvent::ALL.iter().map(custom).collect::<Vec<_>>().into()
}

fn written(bench: &Bench) -> Vec<(&str, &Value)> {
    let written = bench.effects.iter().map(|effect| match effect {
        Effect::SyncEntity { attribute, value, .. } => (attribute.as_str(), value),
        Effect::Erase => panic!("nobody erases flows here"),
    });
    written.collect()
}

fn events(bench: &Bench) -> Vec<&str> {
    written(bench).into_iter().map(|(event, _)| event).collect()
}

#[test]
fn all_eighteen_events_are_told() {
    assert_eq!(SyncEvent::ALL.len(), 18);
    let mut bench = bench(every_event());
    let mut seen: Vec<String> = Vec::new();
    let mut gather = |bench: &Bench| seen.extend(events(bench).into_iter().map(str::to_owned));
    gather(&bench);
    let mut patch = FlowPatch { assigned_to: Some(vec![]), due_date: Some("d".into()), ..FlowPatch::default() };
    patch.contexts = Some(vec![
        Context { entity_id: "c1".into(), entity_schema: "contract".into(), is_primary: true, title: None },
        Context { entity_id: "o".into(), entity_schema: "order".into(), is_primary: false, title: None },
    ]);
    bench.apply(Command::PatchFlow(patch)).unwrap();
    gather(&bench);
    for status in [TaskStatus::InProgress, TaskStatus::OnHold, TaskStatus::Completed] {
        bench.set("a", status).unwrap();
        gather(&bench);
    }
    bench.set("b", TaskStatus::InProgress).unwrap();
    gather(&bench);
    bench.set("b", TaskStatus::Skipped).unwrap();
    gather(&bench);
    for status in [StatusName::Started, StatusName::Closed] {
        bench.flow_status(status).unwrap();
        gather(&bench);
    }
    bench.apply(Command::Delete { soft: true }).unwrap();
    gather(&bench);
    for event in SyncEvent::ALL {
        assert!(seen.iter().any(|s| s == event.as_str()), "{event} was never told");
    }
}

#[test]
fn all_ten_sources_say_what_they_are_named_after() {
    let sources = [
        ("workflow_name", json!("test")),
        ("workflow_status", json!("STARTED")),
        ("workflow_assigned_to", json!(["uf"])),
        ("task_name", json!("a")),
        ("task_status", json!("COMPLETED")),
        ("task_assigned_to", json!(["ua"])),
        ("phase_name", json!("first")),
        ("phase_status", json!("IN_PROGRESS")),
        ("phase_assigned_to", json!(["up"])),
        ("custom_value", json!("mine")),
    ];
    for (source, expected) in sources {
        let syncs = json!([sync("TaskCompleted", json!({"source": source, "value": "mine"}), Value::Null)]);
        let mut bench = bench(syncs);
        bench.complete("a");
        assert_eq!(written(&bench), [("TaskCompleted", &expected)], "{source}");
    }
}

#[test]
fn a_filter_picks_one_task_or_phase() {
    let name = || json!({"source": "task_name"});
    let syncs = json!([
        sync("TaskCompleted", name(), json!({"task_template_id": "b"})),
        sync("PhaseCompleted", json!({"source": "phase_name"}), json!({"phase_template_id": "p"})),
    ]);
    let mut bench = bench(syncs);
    bench.complete("a");
    assert_eq!(written(&bench), [("PhaseCompleted", &json!("first"))]);
    bench.complete("b");
    assert_eq!(written(&bench), [("TaskCompleted", &json!("b"))]);
}

#[test]
fn other_schemas_are_left_alone_and_every_context_of_the_schema_is_written() {
    let mut document = manual(&["a"], &[]);
    document["entity_sync"] = json!([sync("FlowCompleted", json!({"source": "workflow_status"}), Value::Null)]);
    let context = |schema: &str, id: &str| Context {
        entity_id: id.into(),
        entity_schema: schema.into(),
        is_primary: false,
        title: None,
    };
    let contexts = vec![context("order", "o"), context("contract", "c1"), context("contract", "c2")];
    let mut bench = try_start(document, StartFlow { contexts, ..args() }, Entities::new()).unwrap();
    bench.complete("a");
    let id = |effect: &Effect| match effect {
        Effect::SyncEntity { id, .. } => id.clone(),
        Effect::Erase => panic!("nobody erases flows here"),
    };
    assert_eq!(bench.effects.iter().map(id).collect::<Vec<_>>(), ["c1", "c2"]);
}

#[test]
fn the_v1_form_writes_status_section_and_step_when_they_change() {
    let mut document = manual(&["a", "b"], &[("a", "b")]);
    document["phases"] = json!([{"id": "p", "name": "section"}]);
    document["tasks"][1]["phase_id"] = json!("p");
    let source = |s: &str| json!({"source": s, "target": {"entitySchema": "contract", "entityAttribute": s}});
    document["update_entity_attributes"] =
        json!([source("workflow_status"), source("current_section"), source("current_step")]);
    let mut bench = begin(document);
    let (started, nothing, a, b) = (json!("STARTED"), Value::Null, json!("a"), json!("b"));
    assert_eq!(written(&bench), [("workflow_status", &started), ("current_section", &nothing), ("current_step", &a)]);
    bench.complete("a");
    assert_eq!(written(&bench), [("current_section", &json!("section")), ("current_step", &b)]);
    bench.complete("b");
    assert_eq!(written(&bench)[0], ("workflow_status", &json!("DONE")));
}
