//! Decisions in native definitions: reading their config, and showing it.
//!
//! `{branches: [{id, name?, match?: all|any, conditions: [..]}], mode?: first|all}`. A condition is a comparison
//! `{source?: entity|input|node, node?, attribute, attribute_type?, operator, values?, ..}` or a component's
//! `{condition: "<plugin>/<id>", config?}`.

use crate::kit::Fields;
use serde_json::{Map, Value, json};
use stepwright_engine::NodeId;
use stepwright_engine::decision::{Branch, Decision, Subject, Test};
use stepwright_engine::flow::vocab::{AttributeType, Operator, ValueType};
use stepwright_engine::flow::{CustomCondition, DateOffset, Source, Statement};

/// The decision of a node.
pub fn read_decision(node: &Fields<'_>) -> Decision {
    let Some(config) = node.opt_object("config") else {
        node.fault("config", "is required");
        return Decision::default();
    };
    let parallel = config.opt_choice("mode", &[("first", false), ("all", true)]).unwrap_or(false);
    if config.get("branches").is_none() {
        config.fault("branches", "is required");
    }
    let branch = |branch: Option<Fields<'_>>| {
        let unread = || Branch { id: String::new(), name: String::new(), any: false, tests: Vec::new() };
        branch.map_or_else(unread, |branch| read_branch(&branch))
    };
    Decision { branches: config.object_items("branches").into_iter().map(branch).collect(), parallel }
}

fn read_branch(branch: &Fields<'_>) -> Branch {
    let id = branch.text("id");
    Branch {
        name: branch.opt_text("name").unwrap_or_else(|| id.clone()),
        id,
        any: branch.opt_choice("match", &[("all", false), ("any", true)]).unwrap_or(false),
        tests: branch.object_items("conditions").into_iter().flatten().map(|test| read_test(&test)).collect(),
    }
}

fn read_test(test: &Fields<'_>) -> Test {
    if let Some(component) = test.opt_text("condition") {
        let config = test.get("config").cloned().unwrap_or_else(|| json!({}));
        return Test::Custom(CustomCondition { component, config });
    }
    let of = match test.opt_choice("source", &[("entity", 0), ("input", 1), ("node", 2)]) {
        None | Some(0) => Subject::Entity,
        Some(1) => Subject::Input,
        Some(_) => Subject::Node(NodeId::new(test.text("node"))),
    };
    if test.get("operator").is_none() {
        test.fault("operator", "is required");
    }
    let statement = Statement {
        id: String::new(),
        source: Source {
            attribute: test.opt_text("attribute"),
            attribute_type: word(test, "attribute_type", AttributeType::ALL, AttributeType::as_str),
            attribute_repeatable: test.opt_bool("attribute_repeatable"),
            attribute_sub_field: test.opt_text("attribute_sub_field"),
            date_offset: read_offset(test),
            ..Source::default()
        },
        operator: word(test, "operator", Operator::ALL, Operator::as_str).unwrap_or(Operator::Equals),
        values: read_values(test),
        value_type: word(test, "value_type", ValueType::ALL, ValueType::as_str),
    };
    Test::Compare { of, statement }
}

fn word<T: Copy>(fields: &Fields<'_>, name: &str, all: &[T], text: fn(T) -> &'static str) -> Option<T> {
    let choices: Vec<(&str, T)> = all.iter().map(|word| (text(*word), *word)).collect();
    fields.opt_choice(name, &choices)
}

/// Texts; numbers and booleans count as the texts they are written as.
fn read_values(test: &Fields<'_>) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let read: Option<Vec<String>> = test.items("values").into_iter().map(|(_, value)| text(value)).collect();
    read.unwrap_or_else(|| {
        test.fault("values", "must hold texts, numbers and booleans");
        Vec::new()
    })
}

fn read_offset(test: &Fields<'_>) -> Option<DateOffset> {
    let message = "must be {amount, unit: days|months|years}";
    test.typed("date_offset", message, |value| serde_json::from_value(value.clone()).ok())
}

/// A decision as its config says it.
pub fn view_decision(decision: &Decision) -> Value {
    let branches: Vec<Value> = decision.branches.iter().map(view_branch).collect();
    json!({ "branches": branches, "mode": if decision.parallel { "all" } else { "first" } })
}

fn view_branch(branch: &Branch) -> Value {
    let conditions: Vec<Value> = branch.tests.iter().map(view_test).collect();
    json!({
        "id": branch.id,
        "name": branch.name,
        "match": if branch.any { "any" } else { "all" },
        "conditions": conditions,
    })
}

fn view_test(test: &Test) -> Value {
    let (of, statement) = match test {
        Test::Custom(custom) => return json!({ "condition": custom.component, "config": custom.config }),
        Test::Compare { of, statement } => (of, statement),
    };
    let mut view = Map::new();
    match of {
        Subject::Entity => view.insert("source".into(), "entity".into()),
        Subject::Input => view.insert("source".into(), "input".into()),
        Subject::Node(node) => {
            view.insert("node".into(), node.as_str().into());
            view.insert("source".into(), "node".into())
        }
    };
    let source = &statement.source;
    for (name, value) in [
        ("attribute", source.attribute.as_ref().map(|v| json!(v))),
        ("attribute_type", source.attribute_type.map(|v| json!(v))),
        ("attribute_repeatable", source.attribute_repeatable.map(|v| json!(v))),
        ("attribute_sub_field", source.attribute_sub_field.as_ref().map(|v| json!(v))),
        ("date_offset", source.date_offset.as_ref().map(|v| json!(v))),
        ("value_type", statement.value_type.map(|v| json!(v))),
    ] {
        if let Some(value) = value {
            view.insert(name.into(), value);
        }
    }
    view.insert("operator".into(), json!(statement.operator));
    view.insert("values".into(), json!(statement.values));
    Value::Object(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Faults;

    fn read(config: Value) -> (Decision, Vec<String>) {
        let node = json!({ "config": config });
        let faults = Faults::new();
        let decision = read_decision(&Fields::of(&node, &faults).unwrap());
        (decision, faults.into_vec().into_iter().map(|f| f.pointer).collect())
    }

    #[test]
    fn what_is_read_is_shown_again() {
        let config = json!({ "mode": "all", "branches": [
            { "id": "big", "name": "Big deals", "match": "any", "conditions": [
                { "source": "entity", "attribute": "amount", "attribute_type": "number", "operator": "greater_than",
                  "values": ["1000"] },
                { "source": "node", "node": "score", "attribute": "risk.level", "operator": "any_of",
                  "values": ["low", "none"] },
                { "condition": "acme/rains", "config": { "where": "here" } },
            ] },
        ] });
        let (decision, faults) = read(config.clone());
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(view_decision(&decision), config);
    }

    #[test]
    fn numbers_and_booleans_are_values_as_well() {
        let (decision, faults) = read(json!({ "branches": [
            { "id": "b", "conditions": [{ "attribute": "a", "operator": "equals", "values": [5, true, "x"] }] },
        ] }));
        assert!(faults.is_empty());
        let Test::Compare { statement, .. } = &decision.branches[0].tests[0] else { panic!() };
        assert_eq!(statement.values, ["5", "true", "x"]);
    }

    #[test]
    fn every_fault_has_its_place() {
        let (_, faults) = read(json!({ "mode": "some", "branches": [
            { "conditions": [{ "source": "moon", "operator": "like", "values": [[]] }, 7] },
        ] }));
        for place in [
            "/config/mode",
            "/config/branches/0/id",
            "/config/branches/0/conditions/0/source",
            "/config/branches/0/conditions/0/operator",
            "/config/branches/0/conditions/0/values",
            "/config/branches/0/conditions/1",
        ] {
            assert!(faults.iter().any(|f| f == place), "{place} is missing in {faults:?}");
        }
        assert_eq!(read(json!({})).1, ["/config/branches"]);
    }
}
