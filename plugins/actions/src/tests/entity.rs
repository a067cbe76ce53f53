use serde_json::{Value, json};
use stepwright_sdk::{EntityRef, StepOutcome};

use super::{host, input, places};
use crate::map_entity;

fn mapping(target: &str, source: &str) -> Value {
    json!({ "target": target, "source": source })
}

fn config(mappings: Value, more: Value) -> Value {
    let mut config = json!({ "target_schema": "order", "mapping_attributes": mappings });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

#[test]
fn without_a_target_a_new_entity_is_made_once_for_all_attempts() {
    let host = host();
    let mappings = json!([
        mapping("customer.name", "first_name"),
        mapping("nothing", "missing"),
        { "target": "total", "mode": "set_value", "value": "{{entity.steps[0]['Product Info'].price}}" },
        { "target": "title", "mode": "set-value", "value": "Order of {{entity.first_name}}" },
    ]);
    let outcome = host.run(map_entity, config(mappings.clone(), json!({})), input()).unwrap();
    let StepOutcome::Completed { output, entities } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(entities, &[EntityRef::new("order", "task-0")]);
    assert_eq!((&output["created"], &output["version"]), (&json!(true), &json!(1)));
    let made = json!({ "customer": { "name": "Ada" }, "total": 12.5, "title": "Order of Ada" });
    assert_eq!(host.entity_now("order", "task-0").unwrap().1, made);
    // The same task again, as after a crash.
    let again = host.context(|context| context.dedupe_key = "task-0".into());
    let outcome = again.run(map_entity, config(mappings, json!({})), input()).unwrap();
    assert!(matches!(outcome, StepOutcome::Skipped(_)), "{outcome:?}");
}

#[test]
fn the_very_entity_the_automation_runs_on_can_be_written() {
    let host = host();
    let mappings = json!([
        { "target": "tags", "mode": "append_if_exists", "source": "first_name" },
        { "target": "empty", "mode": "set_value", "value": null },
    ]);
    let more = json!({ "target_schema": "contact", "target_id": "{{entity._id}}" });
    let outcome = host.run(map_entity, config(mappings, more), input()).unwrap();
    assert_eq!(outcome.output().unwrap()["version"], 2);
    let contact = host.entity_now("contact", "c1").unwrap().1;
    assert_eq!(contact["tags"], json!(["vip", "Ada"]));
}

#[test]
fn an_entity_is_found_by_unique_attributes_or_made() {
    for (unique, mappings) in [
        (json!(["mail"]), json!([mapping("mail", "email[0].email"), mapping("name", "first_name")])),
        (
            json!([]),
            json!([
                { "target": "mail", "mode": "upsert_match", "source": "email[0].email" },
                mapping("name", "first_name"),
            ]),
        ),
    ] {
        let host = host().entity("order", "1", json!({ "mail": "x@example.com" }));
        let host = host.entity("order", "2", json!({ "mail": "ada@example.com" }));
        let config = config(mappings, json!({ "target_unique": unique }));
        let outcome = host.run(map_entity, config.clone(), input()).unwrap();
        let output = outcome.output().unwrap();
        assert_eq!((&output["id"], &output["created"]), (&json!("2"), &json!(false)));
        assert_eq!(output["written"], json!({ "name": "Ada" }));
        let other = super::host().run(map_entity, config, input()).unwrap();
        assert_eq!(other.output().unwrap()["created"], true);
    }
}

#[test]
fn nothing_to_write_skips_the_step() {
    let outcome = host().run(map_entity, config(json!([mapping("a", "missing")]), json!({})), input()).unwrap();
    assert!(matches!(outcome, StepOutcome::Skipped(_)));
    let same =
        config(json!([mapping("first_name", "first_name")]), json!({ "target_schema": "contact", "target_id": "c1" }));
    assert!(matches!(host().run(map_entity, same, input()).unwrap(), StepOutcome::Skipped(_)));
}

#[test]
fn a_missing_grant_is_named() {
    for denied in ["entities.write:order", "entities.read:contact"] {
        let host = host().deny(denied);
        let fault = host.run(map_entity, config(json!([mapping("a", "first_name")]), json!({})), input()).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retryable), ("GRANT_MISSING", false), "{denied}");
        assert!(fault.reason.contains(denied), "{}", fault.reason);
    }
}

#[test]
fn every_fault_of_a_config_is_told_at_its_place() {
    let wrong = json!([
        { "target": "a..b", "source": "x" },
        { "target": "_id", "source": "x" },
        { "target": "a", "mode": "set_value", "source": "x" },
        { "target": "a", "value": 1 },
        { "target": "a", "mode": "set_value", "value": ["{{nothing}}"] },
    ]);
    let found = places(map_entity, config(wrong, json!({ "target_unique": ["b"], "target_id": "x" })));
    let expected = [
        "/target_id",
        "/target_unique/0",
        "/mapping_attributes/0/target",
        "/mapping_attributes/1/target",
        "/mapping_attributes/2/source",
        "/mapping_attributes/2/value",
        "/mapping_attributes/3/value",
        "/mapping_attributes/3/source",
        "/mapping_attributes/4/value/0",
    ];
    assert_eq!(found, expected);
    assert_eq!(places(map_entity, config(json!([]), json!({}))), ["/mapping_attributes"]);
}
