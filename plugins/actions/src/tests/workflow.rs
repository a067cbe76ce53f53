use serde_json::{Value, json};
use stepwright_sdk::{EntityRef, Input};

use super::{host, input, places};
use crate::trigger_workflow;

#[test]
fn a_workflow_is_started_about_the_same_entity_and_more() {
    let host = host();
    let config = json!({
        "target_workflow": "wf12345678",
        "contexts": [{ "entity_schema": "order", "entity_id": "{{outputs.0.id}}" }],
        "purposes": ["sales"],
        "input": { "name": "{{entity.first_name}}" },
    });
    let outcome = host.run(trigger_workflow, config, input()).unwrap();
    let started = host.started().remove(0);
    assert_eq!(outcome.output().unwrap()["execution_id"], json!(started.execution_id));
    assert_eq!((started.definition_id.as_str(), started.entity), ("wf12345678", Some(EntityRef::new("contact", "c1"))));
    let expected = json!({
        "name": "Ada", "purposes": ["sales"],
        "contexts": [{ "entity_schema": "order", "entity_id": "o-1" }],
    });
    assert_eq!(started.input, expected);
}

#[test]
fn an_execution_about_nothing_starts_one_about_nothing() {
    let host = host();
    host.run(trigger_workflow, json!({ "target_workflow": "d" }), Input::new(Value::Null)).unwrap();
    assert_eq!(host.started()[0].entity, None);
}

#[test]
fn without_the_grant_it_fails() {
    let host = host().deny("flow");
    let fault = host.run(trigger_workflow, json!({ "target_workflow": "d" }), input()).unwrap_err();
    assert_eq!(fault.code, "GRANT_MISSING");
}

#[test]
fn a_config_is_checked() {
    let wrong = json!({
        "target_workflow": " ", "contexts": [{ "entity_schema": "a", "entity_id": "{{x}}" }], "input": { "a": "{{" },
    });
    assert_eq!(places(trigger_workflow, wrong), ["/target_workflow", "/contexts/0/entity_id", "/input/a"]);
}
