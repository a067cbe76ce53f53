//! What statements are about.

use super::*;

/// The one operand of a statement about this source.
fn ask(source: Value, attributes: Value) -> Operand {
    question(source, "equals", attributes).operands.remove(0)
}

fn values(operand: &Operand) -> Vec<Value> {
    operand.values.iter().map(crate::RawJson::to_value).collect()
}

fn question(source: Value, operator: &str, attributes: Value) -> Question {
    let mut d = decision("d", &["x", "y"]);
    d["conditions"][0]["statements"][0]["source"] = source;
    d["conditions"][0]["statements"][0]["operator"] = json!(operator);
    let entities = Entities::new().with(contract(), entity(attributes));
    let mut args = args();
    args.trigger.diff = Some(EntityDiff {
        entity: contract(),
        added: ["new".into()].into(),
        updated: ["status".into()].into(),
        deleted: ["old".into()].into(),
    });
    let bench = try_start(json!({"name": "test", "tasks": [d], "edges": []}), args, entities).unwrap();
    questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap().remove(0)
}

#[test]
fn missing_null_and_empty_values_are_no_values() {
    for (value, present) in [(json!(null), false), (json!(""), true), (json!([]), true), (json!([null, ""]), true)] {
        let operand = ask(json!({"attribute": "a"}), json!({"a": value}));
        assert_eq!((operand.values.len(), operand.present), (0, present), "{value}");
    }
    assert!(!ask(json!({"attribute": "a"}), json!({})).present);
}

#[test]
fn values_are_unwrapped_to_what_is_compared() {
    for (kind, value, expected) in [
        ("string", json!("x"), json!(["x"])),
        ("number", json!(12.5), json!([12.5])),
        ("tags", json!(["x", "y"]), json!(["x", "y"])),
        ("email", json!([{"email": "a@b.c"}, "d@e.f"]), json!(["a@b.c", "d@e.f"])),
        ("phone", json!([{"phone": "+49"}]), json!(["+49"])),
        ("relation", json!({"$relation": [{"entity_id": "e1"}, {"entity_id": "e2"}]}), json!(["e1", "e2"])),
        ("relation_user", json!({"$relation_user": [{"user_id": "u1"}]}), json!(["u1"])),
        ("price", json!({"$relation": [{"entity_id": "p1", "amount": 5}]}), json!(["p1"])),
        ("string", json!({"deep": 1}), json!([{"deep": 1}])),
    ] {
        let operand = ask(json!({"attribute": "a", "attribute_type": kind}), json!({"a": value}));
        assert_eq!(json!(values(&operand)), expected, "{kind}");
        assert_eq!(operand.attribute_type, kind);
    }
    let price = question(
        json!({"attribute": "a", "attribute_type": "price"}),
        "greater_than",
        json!({"a": {"$relation": [{"entity_id": "p1", "amount": 5}]}}),
    );
    assert_eq!(values(&price.operands[0]), [json!(5)]);
}

#[test]
fn paths_sub_fields_and_several_attributes_are_resolved() {
    let deep = json!({"a": {"b": {"c": 1}}, "x.y": 2, "list": [{"k": 3}, {"k": null}]});
    assert_eq!(values(&ask(json!({"attribute": "a.b.c"}), deep.clone())), [json!(1)]);
    assert_eq!(values(&ask(json!({"attribute": "x.y"}), deep.clone())), [json!(2)]);
    assert_eq!(values(&ask(json!({"attribute": "list", "attribute_sub_field": "k"}), deep.clone())), [json!(3)]);
    let several = question(json!({"attributes": ["x.y", "no"], "attributes_match": "all"}), "equals", deep);
    assert_eq!(several.operands.iter().map(|o| o.present).collect::<Vec<_>>(), [true, false]);
    assert_eq!(several.config.to_value()["attributes_match"], "all");
}

#[test]
fn the_config_carries_what_the_component_compares_with() {
    let source = json!({"attribute": "a", "attribute_type": "date", "date_offset": {"amount": -3, "unit": "days"},
        "attribute_operation": "updated", "attribute_repeatable": true});
    let asked = question(source, "less_than", json!({}));
    assert_eq!(
        asked.config.to_value(),
        json!({"operator": "less_than", "values": ["1"], "attribute_type": "date",
        "attribute_repeatable": true, "value_type": "static", "date_offset": {"amount": -3, "unit": "days"},
        "attribute_operation": "updated"})
    );
    assert!(asked.operands[0].repeatable);
    assert_eq!(asked.component, BUILT_IN);
}

#[test]
fn the_diff_of_the_trigger_says_what_has_happened_to_an_attribute() {
    for (attribute, diff) in
        [("new", Some("added")), ("status", Some("updated")), ("old", Some("deleted")), ("a", None)]
    {
        assert_eq!(ask(json!({"attribute": attribute}), json!({"a": 1})).diff.as_deref(), diff);
    }
    assert_eq!(ask(json!({"attribute": "status.label"}), json!({})).diff.as_deref(), Some("updated"));
    assert_eq!(ask(json!({"attribute": "status", "schema": "order"}), json!({})).diff, None);
}

#[test]
fn a_source_means_the_context_of_its_schema_the_workflow_or_a_submission() {
    assert_eq!(values(&ask(json!({"attribute": "a", "schema": "contract"}), json!({"a": 1}))), [json!(1)]);
    assert!(!ask(json!({"attribute": "a", "schema": "order"}), json!({"a": 1})).present);
    assert_eq!(values(&ask(json!({"attribute": "status", "origin_type": "workflow"}), json!({}))), [json!("STARTED")]);
    assert_eq!(values(&ask(json!({"attribute": "task_name", "origin_type": "workflow"}), json!({}))), [json!("d")]);
    let journey = json!({"attribute": "steps.name", "origin_type": "journey_block"});
    assert_eq!(values(&ask(journey, json!({"steps": {"name": "n"}}))), [json!("n")]);
    assert!(!ask(json!({"attribute": "a", "origin": "action", "id": "d"}), json!({"a": 1})).present);
}

#[test]
fn a_source_may_be_what_a_task_has_produced() {
    let mut d = decision("d", &["x", "y"]);
    d["conditions"][0]["statements"][0]["source"] = json!({"attribute": "n", "origin": "action", "id": "auto"});
    let auto = json!({"id": "auto", "name": "auto", "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"}});
    let order = EntityRef { schema: "order".into(), id: "o".into() };
    let entities = Entities::new().with(order.clone(), entity(json!({"n": 7})));
    let document = json!({"name": "test", "tasks": [auto, d], "edges": edges_of(&[("auto", "d")])});
    let mut bench = try_start(document, args(), entities).unwrap();
    assert_eq!(questions(&bench.flow, &bench.id("d"), &bench.entities), Err(FlowError::NothingToDo));
    let spec = ActionSpec {
        step_type: "s".into(),
        name: None,
        config: crate::RawJson::null(),
        allow_failure: false,
        retry: crate::RetryPolicy::none(),
    };
    let found = Resolved::Found { actions: vec![spec], pins: BTreeMap::new() };
    bench.apply(Command::AutomationResolved { task: bench.id("auto"), attempt: 1, found }).unwrap();
    let outcome = crate::Outcome::Completed { output: crate::RawJson::null(), entity_refs: vec![order.clone()] };
    bench.apply(Command::ActionFinished { task: bench.id("auto"), attempt: 2, outcome }).unwrap();
    assert_eq!(bench.flow.entities(), [contract(), order]);
    let asked = questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap();
    assert_eq!(values(&asked[0].operands[0]), [json!(7)]);
}

#[test]
fn a_custom_condition_gets_the_whole_primary_entity() {
    let mut d = decision("d", &["x", "y"]);
    d["conditions"][0] = json!({"id": "x", "custom_condition": {"component": "p/c", "config": {"n": 1}}});
    let entities = Entities::new().with(contract(), entity(json!({"a": 1})));
    let bench = try_start(json!({"name": "test", "tasks": [d], "edges": []}), args(), entities).unwrap();
    let asked = questions(&bench.flow, &bench.id("d"), &bench.entities).unwrap();
    assert_eq!((asked[0].component.as_str(), asked[0].config.to_value()), ("p/c", json!({"n": 1})));
    assert_eq!(values(&asked[0].operands[0]), [json!({"a": 1})]);
}
