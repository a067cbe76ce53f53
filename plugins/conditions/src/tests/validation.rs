use serde_json::{Value, json};
use stepwright_sdk::FieldError;

use super::statement;
use crate::check;

fn pointers(config: Value) -> Vec<String> {
    check(&statement(config)).into_iter().map(|FieldError { pointer, .. }| pointer).collect()
}

#[test]
fn good_statements_have_no_errors() {
    for config in [
        json!({"operator": "equals", "values": ["a"]}),
        json!({"operator": "is_empty", "attribute_type": "price"}),
        json!({"operator": "contains", "values": ["a", "b"], "attribute_type": "tags", "attributes": ["x", "y"]}),
        json!({"operator": "less_than", "values": ["today"], "value_type": "relative_date", "attribute_type": "date",
               "date_offset": {"amount": -18, "unit": "years"}, "attributes": ["birthday"], "attribute_operation": "updated"}),
        json!({"operator": "equals", "values": ["a"], "attributes": ["x", "y"], "attribute_operation": "all"}),
        // The APIs take what can never be met.
        json!({"operator": "greater_than", "values": ["a lot"], "attribute_type": "number"}),
    ] {
        assert_eq!(pointers(config.clone()), [""; 0], "{config}");
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let config = json!({
        "operator": "starts_with", "values": [""], "value_type": "relative_date", "attribute_type": "number",
        "attributes": ["x", " "], "attribute_sub_field": "", "attribute_operation": "added",
        "date_offset": {"amount": 100_001, "unit": "days"},
    });
    let expected = [
        "/operator",
        "/values",
        "/value_type",
        "/date_offset",
        "/date_offset/amount",
        "/attributes/1",
        "/attribute_sub_field",
        "/date_offset",
        "/attribute_operation",
        "/attribute_sub_field",
    ];
    assert_eq!(pointers(config), expected);
}

#[test]
fn each_rule_names_its_field() {
    for (config, pointer) in [
        (json!({"operator": "greater_than", "values": ["a"], "attribute_type": "string"}), "/operator"),
        (json!({"operator": "contains", "values": ["a"], "attribute_type": "status"}), "/operator"),
        (json!({"operator": "any_of"}), "/values"),
        (json!({"operator": "equals", "values": ["next week"], "value_type": "relative_date"}), "/values/0"),
        (json!({"operator": "any_of", "values": ["today", "Now"], "value_type": "relative_date"}), "/values/1"),
        (json!({"operator": "is_empty", "attributes": vec!["a"; 11]}), "/attributes"),
    ] {
        assert_eq!(pointers(config.clone()), [pointer], "{config}");
    }
}

#[test]
fn several_attributes_exclude_what_is_about_one() {
    for (member, value) in [
        ("attribute_sub_field", json!("name")),
        ("date_offset", json!({"amount": 1, "unit": "days"})),
        ("attribute_operation", json!("deleted")),
    ] {
        let mut config = json!({"operator": "is_empty", "attributes": ["a"]});
        config[member] = value;
        assert_eq!(pointers(config.clone()), [""; 0]);
        config["attributes"] = json!(["a", "b"]);
        assert_eq!(pointers(config), [format!("/{member}")]);
    }
}
