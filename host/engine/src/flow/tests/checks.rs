//! Structural errors: each one alone is told with its place, and all of them at once.

use super::*;

fn faults(document: Value) -> Vec<String> {
    let template: Template = serde_json::from_value(document).unwrap();
    template.check().iter().map(ToString::to_string).collect()
}

fn with(mut document: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut document);
    document
}

/// a → d, d → b | c.
fn decides() -> Value {
    let mut document = manual(&["a", "b", "c"], &[("a", "d")]);
    document["tasks"].as_array_mut().unwrap().push(decision("d", &["x", "y"]));
    document["edges"].as_array_mut().unwrap().extend([branch("d", "b", "x"), branch("d", "c", "y")]);
    document
}

/// s → d, d back to s by `x`, on to e by `y`.
fn repeats() -> Value {
    let mut document = manual(&["s", "e"], &[("s", "d")]);
    let mut d = decision("d", &["x"]);
    d["conditions"].as_array_mut().unwrap().push(bare("y"));
    d["loop_config"] = json!({"loop_branch_id": "x", "exit_branch_id": "y", "max_iterations": 2});
    document["tasks"].as_array_mut().unwrap().push(d);
    document["edges"].as_array_mut().unwrap().extend([branch("d", "s", "x"), branch("d", "e", "y")]);
    document
}

fn phased() -> Value {
    let mut document = manual(&["a", "b"], &[("a", "b")]);
    document["phases"] = json!([{"id": "p", "name": "p"}]);
    for i in 0..2 {
        document["tasks"][i]["phase_id"] = json!("p");
    }
    document
}

#[test]
fn sound_templates_have_no_fault() {
    for document in [manual(&[], &[]), decides(), repeats(), phased()] {
        assert_eq!(faults(document), [""; 0]);
    }
}

#[test]
fn each_structural_error_is_told_with_its_place() {
    let cases: Vec<(&str, Value)> = vec![
        ("/name: must have at least 3", with(decides(), |d| d["name"] = json!("ab"))),
        ("/description: must have at most", with(decides(), |d| d["description"] = json!("x".repeat(5001)))),
        ("/tasks/1/id: 'a' is used", with(decides(), |d| d["tasks"][1]["id"] = json!("a"))),
        ("/tasks/1/id: must not be empty", with(decides(), |d| d["tasks"][1]["id"] = json!(""))),
        ("/edges/1/id: 'a-d' is used", with(decides(), |d| d["edges"][1]["id"] = json!("a-d"))),
        ("/tasks/0/phase_id: no phase", with(decides(), |d| d["tasks"][0]["phase_id"] = json!("p"))),
        ("/edges/0/to_id: no node has the id 'z'", with(decides(), |d| d["edges"][0]["to_id"] = json!("z"))),
        ("/edges/0/to_id: an edge cannot lead to", with(decides(), |d| d["edges"][0]["to_id"] = json!("trigger"))),
        ("/edges/0/condition_id: only edges", with(decides(), |d| d["edges"][0]["condition_id"] = json!("x"))),
        ("/edges/1/condition_id: no condition", with(decides(), |d| d["edges"][1]["condition_id"] = json!("z"))),
        ("/edges/0/none_met: only edges", with(decides(), |d| d["edges"][0]["none_met"] = json!(true))),
        (
            "/tasks/3/conditions/0/statements: an automatic",
            with(decides(), |d| {
                d["tasks"][3]["conditions"][0]["statements"] = json!([]);
            }),
        ),
        (
            "/tasks/3/conditions/0/statements: a manual",
            with(decides(), |d| {
                d["tasks"][3]["trigger_mode"] = json!("manual");
            }),
        ),
        (
            "/tasks/3/conditions: a decision needs at least 2",
            with(decides(), |d| {
                d["tasks"][3]["conditions"].as_array_mut().unwrap().pop();
            }),
        ),
        (
            "/tasks/3/conditions/1/id: 'x' is used",
            with(decides(), |d| d["tasks"][3]["conditions"][1]["id"] = json!("x")),
        ),
        (
            "/tasks/3/conditions/0/branch_name: must",
            with(decides(), |d| {
                d["tasks"][3]["conditions"][0]["branch_name"] = json!("x".repeat(256));
            }),
        ),
        (
            "/tasks/3/conditions/0/statements/0/source/attributes: must be at most 10",
            with(decides(), |d| {
                d["tasks"][3]["conditions"][0]["statements"][0]["source"]["attributes"] = json!(vec!["a"; 11]);
            }),
        ),
        (
            "/tasks/3/conditions/0/statements/0/source/attribute_sub_field: cannot",
            with(decides(), |d| {
                let source = &mut d["tasks"][3]["conditions"][0]["statements"][0]["source"];
                source["attributes"] = json!(["a", "b"]);
                source["attribute_sub_field"] = json!("c");
            }),
        ),
        (
            "/tasks/3/schedule/duration: must be at least 1",
            with(decides(), |d| {
                d["tasks"][3]["schedule"] = json!({"mode": "delayed", "duration": 0, "unit": "days"});
            }),
        ),
        (
            "/tasks/0/description/value: must",
            with(decides(), |d| {
                d["tasks"][0]["description"] = json!({"value": "x".repeat(10_001)});
            }),
        ),
        (
            "/tasks/0/automation_config/flow_id: must not",
            with(decides(), |d| {
                d["tasks"][0]["task_type"] = json!("AUTOMATION");
                d["tasks"][0]["automation_config"] = json!({"flow_id": ""});
            }),
        ),
        (
            "/tasks/0/automation_config/input_context/task_id: no task",
            with(decides(), |d| {
                d["tasks"][0]["task_type"] = json!("AUTOMATION");
                d["tasks"][0]["automation_config"] =
                    json!({"flow_id": "f", "input_context": {"source": "task", "task_id": "z"}});
            }),
        ),
        ("/phases/0: has no task", with(decides(), |d| d["phases"] = json!([{"id": "p", "name": "p"}]))),
        ("/phases/0: must have exactly one start task, not 2", with(phased(), |d| d["edges"] = json!([]))),
        (
            "/edges: 'a' lies on a cycle",
            with(decides(), |d| {
                d["edges"].as_array_mut().unwrap().push(edges_of(&[("b", "a")])[0].clone());
            }),
        ),
        (
            "/tasks/2/loop_config/loop_branch_id: no",
            with(repeats(), |d| {
                d["tasks"][2]["loop_config"]["loop_branch_id"] = json!("z");
            }),
        ),
        (
            "/tasks/2/loop_config/exit_branch_id: no",
            with(repeats(), |d| {
                d["tasks"][2]["loop_config"]["exit_branch_id"] = json!("z");
            }),
        ),
        (
            "/tasks/2/loop_config/exit_branch_id: must differ",
            with(repeats(), |d| {
                d["tasks"][2]["loop_config"]["exit_branch_id"] = json!("x");
            }),
        ),
        (
            "/tasks/2/loop_config/max_iterations: must",
            with(repeats(), |d| {
                d["tasks"][2]["loop_config"]["max_iterations"] = json!(11);
            }),
        ),
    ];
    for (expected, document) in cases {
        let found = faults(document);
        assert!(found.iter().any(|f| f.starts_with(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn every_error_is_told_at_once() {
    let document = with(decides(), |d| {
        d["name"] = json!("");
        d["edges"][0]["to_id"] = json!("z");
        d["tasks"][3]["conditions"][0]["statements"] = json!([]);
    });
    assert_eq!(faults(document).len(), 3);
}

#[test]
fn loops_may_nest_but_not_overlap() {
    // s → d1 → m → d2: both back to s nests; d2 back to m while d1 leads from within to behind overlaps.
    let looped = |id: &str| {
        let mut d = decision(id, &["x"]);
        d["conditions"].as_array_mut().unwrap().push(bare("y"));
        d["loop_config"] = json!({"loop_branch_id": "x", "exit_branch_id": "y"});
        d
    };
    let document = |inner: &str, outer: &str| {
        let mut document = manual(&["s", "m", "e"], &[("s", "d1"), ("m", "d2")]);
        document["tasks"].as_array_mut().unwrap().extend([looped("d1"), looped("d2")]);
        document["edges"].as_array_mut().unwrap().extend([
            branch("d1", inner, "x"),
            branch("d1", "m", "y"),
            branch("d2", outer, "x"),
            branch("d2", "e", "y"),
        ]);
        document
    };
    assert_eq!(faults(document("s", "s")), [""; 0]);
    assert_eq!(faults(document("s", "m")), [""; 0]);
    // The outer loop goes back into the middle of the inner one.
    let mut crossed = document("s", "d1");
    crossed["edges"].as_array_mut().unwrap().push(edges_of(&[("trigger", "s")])[0].clone());
    assert!(faults(crossed)[0].contains("of which neither contains the other"));
}

#[test]
fn limits_are_warnings() {
    let names: Vec<String> = (0..101).map(|i| format!("t{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let edges: Vec<(&str, &str)> = names[1..12].iter().map(|n| (*n, "t0")).collect();
    let template = template(manual(&names, &edges));
    let warnings = template.limit_warnings();
    let told: Vec<_> = warnings.iter().map(|w| (w.path.as_str(), w.current, w.max)).collect();
    assert_eq!(told, [("/tasks", 101, 100), ("/tasks/0", 11, 10)]);
    assert_eq!(serde_json::to_value(&warnings[1]).unwrap()["i18nKey"], "limit_warnings.max_incoming_edges");
}

#[test]
fn a_template_survives_being_stored() {
    for document in [decides(), repeats(), phased()] {
        let template = template(document);
        let text = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&text).unwrap(), template);
    }
}
