//! The condition as the host calls it.

use serde_json::{Value, json};
use stepwright_sdk::condition::{ConditionEntry, Operand};
use stepwright_sdk::plugin::Plugin as _;
use stepwright_sdk::testing::Host;

use super::operand;
use crate::{Attribute, Plugin};

fn entry() -> &'static ConditionEntry {
    &Plugin::CONDITIONS[0]
}

fn refused(config: Value) -> (String, String) {
    let errors = entry().validate(&config.to_string()).unwrap_err();
    (errors[0].pointer.clone(), errors[0].message.clone())
}

#[test]
fn the_plugin_asks_for_nothing_and_has_one_condition() {
    let manifest = Plugin::MANIFEST;
    assert_eq!(
        (manifest.name, manifest.hosts, manifest.datasets, manifest.secrets),
        ("conditions", &[][..], &[][..], &[][..])
    );
    assert_eq!((Plugin::CONDITIONS.len(), entry().info.id), (1, "attribute"));
}

#[test]
fn a_config_gets_its_defaults() {
    let normal = entry().validate(r#"{"operator": "equals", "values": ["a"]}"#).unwrap();
    let expected = json!({
        "operator": "equals", "values": ["a"], "value_type": "static", "attribute_operation": "all",
        "attributes_match": "any",
    });
    assert_eq!(serde_json::from_str::<Value>(&normal).unwrap(), expected);
    assert_eq!(entry().validate(&normal).unwrap(), normal);
}

#[test]
fn what_the_config_cannot_hold_is_refused_with_its_place() {
    for (config, pointer, message) in [
        (json!({"operator": "like", "values": []}), "/operator", "unknown variant `like`"),
        (json!({"values": ["a"]}), "", "missing field `operator`"),
        (json!({"operator": "equals", "values": [1]}), "/values/0", "invalid type"),
        (
            json!({"operator": "equals", "values": ["a"], "attribute_type": "money"}),
            "/attribute_type",
            "unknown variant",
        ),
        (json!({"operator": "equals", "values": ["a"], "origin": "trigger"}), "/origin", "unknown field"),
        (
            json!({"operator": "equals", "values": ["a"], "date_offset": {"amount": 1, "unit": "weeks"}}),
            "/date_offset/unit",
            "weeks",
        ),
        (
            json!({"operator": "equals", "values": ["a"], "date_offset": {"amount": 1.5, "unit": "days"}}),
            "/date_offset/amount",
            "invalid",
        ),
        (
            json!({"operator": "equals", "values": ["a"], "date_offset": {"unit": "days"}}),
            "/date_offset",
            "missing field `amount`",
        ),
        (json!({"operator": "equals"}), "/values", "needs a value"),
    ] {
        let (at, why) = refused(config.clone());
        assert!(at == pointer && why.contains(message), "{config}: {at} {why}");
    }
}

#[test]
fn numbers_reach_the_condition_with_all_their_digits() {
    let config = entry().validate(r#"{"operator": "equals", "values": ["9007199254740993.1"]}"#).unwrap();
    let ask = |value: &str| {
        Host::new().with(|context| entry().evaluate(context, &config, &[operand("number", value)])).unwrap().met
    };
    assert!(ask("9007199254740993.1") && !ask("9007199254740992.1") && !ask("9007199254740993"));
}

#[test]
fn authors_may_evaluate_it_with_typed_operands() {
    let host = Host::of::<Plugin>();
    let verdict =
        host.evaluate::<Attribute>(json!({"operator": "contains", "values": ["b"]}), &[Operand::of([json!("abc")])]);
    assert!(verdict.unwrap().met);
}

#[test]
fn values_that_are_no_json_are_a_fault() {
    let config = r#"{"operator": "is_empty"}"#;
    let fault =
        Host::new().with(|context| entry().evaluate(context, config, &[operand("string", "{oops")])).unwrap_err();
    assert_eq!(fault.code, "INVALID_JSON");
}

#[test]
fn the_schema_describes_every_member_and_takes_good_configs() {
    let schema = schemars::schema_for!(crate::Statement).to_value();
    assert!(schema["properties"].as_object().unwrap().values().all(|member| member["description"].is_string()));
    assert_eq!(schema["additionalProperties"], false);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good = json!({"operator": "less_than", "values": ["today"], "value_type": "relative_date",
        "attribute_type": "date", "date_offset": {"amount": 18, "unit": "years"}});
    assert!(validator.is_valid(&good), "{:?}", validator.validate(&good).map_err(|error| error.to_string()));
    assert!(!validator.is_valid(&json!({"operator": "like"})));
}
