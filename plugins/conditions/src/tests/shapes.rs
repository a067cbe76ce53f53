//! Objects, parts of objects, several attributes, diffs and explanations.

use serde_json::{Value, json};

use super::{NOW, evaluate_at, met, operand};
use crate::RawOperand;

fn ask(config: Value, operands: &[RawOperand]) -> bool {
    evaluate_at(NOW, "Europe/Berlin", config, operands).met
}

#[test]
fn prices_are_equal_by_entity_and_ordered_by_amount() {
    let price = r#"{"$relation": [{"entity_id": "p1", "amount": 19.99, "_tags": ["x"]}]}"#;
    assert!(met("price", price, "equals", &["p1"]) && met("price", price, "any_of", &["p0", "p1"]));
    assert!(met("price", price, "greater_than", &["19.98999999999999999999"]));
    assert!(met("price", price, "less_than_or_equals", &["19.990"]));
    assert!(met("price", r#"{"unit_amount_decimal": "5.00"}"#, "greater_than_or_equals", &["5"]));
    assert!(met("price", "7", "greater_than", &["5"]) && met("price", r#""7""#, "greater_than", &["5"]));
    assert!(!met("price", r#"{"$relation": [{"entity_id": "p1"}]}"#, "less_than", &["5"]));
}

#[test]
fn products_are_their_entities() {
    let products = r#"{"$relation": [{"entity_id": "a"}, {"entity_id": "b"}]}"#;
    assert!(met("product", products, "equals", &["b"]) && !met("product", products, "none_of", &["c", "a"]));
    assert!(met("relation", products, "equals", &["b", "a"]) && met("relation", products, "contains", &["b"]));
    assert!(met("relation", r#"{"$relation": []}"#, "is_empty", &[]));
    assert!(met("relation", r#"["a", {"entity_id": "b"}]"#, "equals", &["b", "a"]));
}

#[test]
fn an_object_whose_value_is_null_is_empty_and_one_without_it_is_not() {
    assert!(met("email", r#"[{"email": ""}, {"email": null}]"#, "is_empty", &[]));
    assert!(met("phone", r#"{"phone": null}"#, "not_equals", &["1"]));
    assert!(met("email", r#"{"_tags": []}"#, "is_not_empty", &[]));
    assert!(met("message_email_address", r#"{"email": "a@x.de"}"#, "equals", &["a@x.de"]));
    assert!(!met("email", r#"{"email": {"email": "a@x.de"}}"#, "not_equals", &["b@x.de"]));
}

#[test]
fn a_sub_field_is_another_part_of_the_object() {
    let tagged = r#"[{"email": "a@x.de", "_tags": ["Work", "main"]}, {"email": "b@x.de"}]"#;
    let tags = |operator: &str, values: &[&str]| {
        let config = json!({"operator": operator, "values": values, "attribute_sub_field": "_tags"});
        ask(config, &[operand("email", tagged)])
    };
    assert!(tags("equals", &["Work"]) && !tags("equals", &["work"]) && tags("any_of", &["main"]));
    let part = |kind: &str, value: &str, key: &str, operator: &str, with: &str| {
        let config = json!({"operator": operator, "values": [with], "attribute_sub_field": key});
        ask(config, &[operand(kind, value)])
    };
    assert!(part("email", tagged, "email", "equals", "A@X.DE"));
    assert!(part("email", r#""a@x.de""#, "email", "equals", "A@x.de"));
    assert!(part("price", r#"{"entity_id": "p", "amount": 19.90}"#, "amount", "equals", "19.9"));
    assert!(part("relation", r#"["e1"]"#, "entity_id", "equals", "e1"));
    assert!(part("price", r#"{"$relation": [{"entity_id": "p", "currency": "EUR"}]}"#, "currency", "equals", "EUR"));
    assert!(part("price", r#"{"entity_id": "p", "net": "9.5"}"#, "net", "greater_than", "9.4"));
    assert!(part("date", r#"{"from": "2026-05-01"}"#, "from", "less_than", "2026-05-02"));
    assert!(part("message_email_address", r#"{"address": "a@x.de", "name": "Ada"}"#, "name", "starts_with", "A"));
    // An object without the part has no value; what is no object has no parts.
    assert!(part("email", r#"{"email": "a@x.de"}"#, "_tags", "not_equals", "x"));
    assert!(!part("email", r#""a@x.de""#, "_tags", "not_equals", "x"));
    assert!(part("string", r#"{"a": {"b": 1}}"#, "a", "is_not_empty", ""));
}

#[test]
fn several_attributes_are_tested_one_by_one() {
    let operands = [operand("string", r#""a""#), operand("string", r#""b""#), operand("string", "")];
    let ask = |operator: &str, matching: Option<&str>| {
        let mut config = json!({"operator": operator, "values": ["a"], "attributes": ["x", "y", "z"]});
        if let Some(matching) = matching {
            config["attributes_match"] = matching.into();
        }
        ask(config, &operands)
    };
    assert!(ask("equals", None) && ask("equals", Some("any")) && !ask("equals", Some("all")));
    assert!(ask("not_equals", None) && !ask("not_equals", Some("all")) && ask("none_of", Some("any")));
    assert!(ask("is_empty", Some("any")) && !ask("is_empty", Some("all")));
}

#[test]
fn one_attribute_is_itself_whatever_the_match_says_and_none_is_a_missing_one() {
    for matching in ["any", "all"] {
        let config = |operator: &str| json!({"operator": operator, "values": ["a"], "attributes_match": matching});
        assert!(ask(config("equals"), &[operand("string", r#""a""#)]));
        assert!(!ask(config("equals"), &[]) && ask(config("not_equals"), &[]) && ask(config("is_empty"), &[]));
    }
}

#[test]
fn an_operation_needs_the_triggers_diff() {
    let with = |operation: &str, diff: Option<&str>| {
        let operand = RawOperand { diff: diff.map(str::to_owned), ..operand("status", r#""open""#) };
        ask(json!({"operator": "equals", "values": ["open"], "attribute_operation": operation}), &[operand])
    };
    assert!(with("all", None) && with("all", Some("updated")));
    for operation in ["updated", "added", "deleted"] {
        assert!(with(operation, Some(operation)) && !with(operation, None) && !with(operation, Some("moved")));
    }
    assert!(!with("updated", Some("added")));
    let deleted = RawOperand { diff: Some("deleted".to_owned()), ..operand("status", "") };
    let config = |operator: &str| json!({"operator": operator, "values": ["x"], "attribute_operation": "deleted"});
    assert!(ask(config("is_empty"), std::slice::from_ref(&deleted)) && !ask(config("equals"), &[deleted]));
}

#[test]
fn the_statements_type_goes_before_the_schemas() {
    let config = |kind: Value| json!({"operator": "equals", "values": ["1.0"], "attribute_type": kind});
    assert!(ask(config(json!("number")), &[operand("string", "1")]));
    assert!(!ask(config(json!(null)), &[operand("string", "1")]));
}

#[test]
fn values_may_come_one_by_one_or_as_a_list() {
    let one_by_one =
        RawOperand { values: vec![r#""a""#.to_owned(), " [\"b\"] ".to_owned()], ..operand("tags", "null") };
    assert!(ask(json!({"operator": "equals", "values": ["a", "b"]}), &[one_by_one]));
}

#[test]
fn explanations_say_why_and_stay_short() {
    let explain = |kind: &str, value: &str, config: Value| {
        evaluate_at(NOW, "Europe/Berlin", config, &[operand(kind, value)]).explain
    };
    let equals = json!({"operator": "equals", "values": ["5"], "attribute": "amount"});
    assert_eq!(explain("number", "5.0", equals.clone()), "amount is 5.0: equals \"5\" holds");
    assert_eq!(explain("number", "", equals.clone()), "amount is empty: equals \"5\" does not hold");
    assert_eq!(explain("number", "\"x\"", equals), "amount: its value \"x\" is not a number, so it is not met");
    let many = json!((0..500).map(|n| "ü".repeat(n + 100)).collect::<Vec<_>>());
    let long = explain("tags", &many.to_string(), json!({"operator": "any_of", "values": many}));
    assert!(
        long.chars().count() < 500 && long.contains("… and 497 more") || long.contains("…\" and 497 more"),
        "{long}"
    );
}

#[test]
fn deep_json_does_not_end_the_call() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(!met("tags", &deep, "not_equals", &["a"]));
}
