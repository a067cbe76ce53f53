//! Structural errors are always refused, limits only when asked (source: contracts/epilot.md 1B.4).

use super::{TEMPLATES, edge, flow, manual, member, message, template};
use crate::support::TestHost;
use serde_json::{Value, json};

fn decision(id: &str, mode: &str, conditions: Value) -> Value {
    json!({"id": id, "name": id, "task_type": "DECISION", "trigger_mode": mode, "conditions": conditions})
}

fn branch(id: &str) -> Value {
    json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []})
}

fn asking(id: &str) -> Value {
    let statement = json!({"id": "s", "source": {"origin": "trigger", "schema": "contact", "attribute": "city"},
        "operator": "equals", "values": ["Köln"]});
    json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": [statement]})
}

fn on(from: &str, condition: &str, to: &str) -> Value {
    json!({"id": format!("{from}-{condition}-{to}"), "from_id": from, "to_id": to, "condition_id": condition})
}

fn with(tasks: Value, edges: Value) -> Value {
    json!({"name": "Graph", "tasks": tasks, "edges": edges})
}

fn in_phase(id: &str, phase: &str) -> Value {
    json!({"id": id, "name": id, "task_type": "MANUAL", "phase_id": phase})
}

fn looping(config: Value) -> Value {
    let mut ask = decision("ask", "manual", json!([branch("again"), branch("out")]));
    ask["loop_config"] = config;
    with(
        json!([manual("a"), ask, manual("z")]),
        json!([edge("a", "ask"), on("ask", "again", "a"), on("ask", "out", "z")]),
    )
}

#[tokio::test]
async fn every_structural_error_is_refused_with_its_place_and_text() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let pair = json!([branch("yes"), branch("no")]);
    let two = json!([manual("a"), manual("b")]);
    let phased = |phases: Value, tasks: Value, edges: Value| {
        let mut body = with(tasks, edges);
        body["phases"] = phases;
        body
    };
    let phase = json!([{"id": "p", "name": "P"}]);
    let delayed = json!({"id": "t", "name": "t", "task_type": "AUTOMATION", "automation_config": {"flow_id": "f"},
        "schedule": {"mode": "delayed", "duration": 0, "unit": "days"}});
    let described =
        |text: String| json!([{"id": "t", "name": "t", "task_type": "MANUAL", "description": {"value": text}}]);
    let long = json!({"name": "abc", "description": "x".repeat(5001), "tasks": [], "edges": []});
    for (body, expected) in [
        (json!({"name": "ab", "tasks": [], "edges": []}), "name must have at least 3 characters"),
        (json!({"name": "abc", "edges": []}), "tasks is required"),
        (json!({"name": "abc", "tasks": []}), "edges is required"),
        (json!({"tasks": [], "edges": []}), "name is required"),
        (long, "description must have at most 5000 characters"),
        (
            with(described("x".repeat(10_001)), json!([])),
            "tasks[0].description.value must have at most 10000 characters",
        ),
        (with(json!([manual("a"), manual("a")]), json!([])), "tasks[1].id 'a' is used by another node"),
        (with(two.clone(), json!([edge("a", "b"), edge("a", "b")])), "edges[1].id 'a-b' is used by another edge"),
        (with(two.clone(), json!([edge("a", "x")])), "edges[0].to_id no node has the id 'x'"),
        (
            with(two.clone(), json!([on("a", "c", "b")])),
            "edges[0].condition_id only edges of a decision have a condition",
        ),
        (
            with(json!([decision("d", "manual", pair.clone()), manual("b")]), json!([on("d", "c", "b")])),
            "edges[0].condition_id no condition has the id 'c'",
        ),
        (
            with(two.clone(), json!([{"id": "e", "from_id": "a", "to_id": "b", "none_met": true}])),
            "edges[0].none_met only edges of a decision have a default branch",
        ),
        (
            with(json!([decision("d", "automatic", pair)]), json!([])),
            "tasks[0].conditions[0].statements an automatic decision needs at least one statement",
        ),
        (
            with(json!([decision("d", "manual", json!([asking("yes"), branch("no")]))]), json!([])),
            "tasks[0].conditions[0].statements a manual decision has no statements",
        ),
        (
            with(json!([decision("d", "manual", json!([branch("yes")]))]), json!([])),
            "tasks[0].conditions a decision needs at least 2 branches",
        ),
        (phased(phase.clone(), json!([manual("a")]), json!([])), "phases[0] has no task"),
        (
            phased(phase, json!([in_phase("a", "p"), in_phase("b", "p")]), json!([])),
            "phases[0] must have exactly one start task, not 2",
        ),
        (with(json!([in_phase("a", "x")]), json!([])), "tasks[0].phase_id no phase has the id 'x'"),
        (with(two, json!([edge("a", "b"), edge("b", "a")])), "lies on a cycle that is not a declared loop"),
        (
            looping(json!({"loop_branch_id": "again", "exit_branch_id": "nowhere", "max_iterations": 3})),
            "tasks[1].loop_config.exit_branch_id no condition has the id 'nowhere'",
        ),
        (
            looping(json!({"loop_branch_id": "again", "exit_branch_id": "again", "max_iterations": 3})),
            "tasks[1].loop_config.exit_branch_id must differ from loop_branch_id",
        ),
        (
            looping(json!({"loop_branch_id": "again", "exit_branch_id": "out", "max_iterations": 11})),
            "tasks[1].loop_config.max_iterations must be from 1 to 10",
        ),
        (with(json!([delayed]), json!([])), "tasks[0].schedule.duration must be at least 1"),
    ] {
        let refused = client.post(TEMPLATES, &body).await.expect(400);
        let text = message(&refused);
        assert!(text.starts_with("Validation failed: ") && text.contains(expected), "{expected} in {text}");
    }
    let tasks: Vec<Value> = (0..501).map(|i| manual(&format!("t{i}"))).collect();
    let refused = client.post(TEMPLATES, &with(json!(tasks), json!([]))).await.expect(400);
    assert!(message(&refused).contains("tasks must be at most 500"), "{}", refused.text);
    let listed = client.get(TEMPLATES).await.expect(200).json();
    assert_eq!(listed["results"], json!([]));
}

#[tokio::test]
async fn a_declared_loop_and_a_synthetic_trigger_are_accepted() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let mut body = looping(json!({"loop_branch_id": "again", "exit_branch_id": "out"}));
    body["edges"].as_array_mut().unwrap().push(edge("trigger", "a"));
    let made = template(&client, &body).await;
    assert_eq!(made["tasks"][1]["loop_config"]["max_iterations"], 3);
}

#[tokio::test]
async fn loops_that_cross_are_refused() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let ask = |id: &str| {
        let mut ask = decision(id, "manual", json!([branch("again"), branch("out")]));
        ask["loop_config"] = json!({"loop_branch_id": "again", "exit_branch_id": "out"});
        ask
    };
    let body = with(
        json!([manual("a"), manual("b"), ask("x"), ask("y"), manual("z")]),
        json!([
            edge("trigger", "a"),
            edge("a", "b"),
            edge("b", "x"),
            on("x", "again", "a"),
            on("x", "out", "y"),
            on("y", "again", "b"),
            on("y", "out", "z")
        ]),
    );
    let refused = client.post(TEMPLATES, &body).await.expect(400);
    assert!(message(&refused).contains("of which neither contains the other"), "{}", refused.text);
}

#[tokio::test]
async fn limits_are_warnings_unless_they_are_enforced() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let tasks: Vec<Value> = (0..101).map(|i| manual(&format!("t{i}"))).collect();
    let edges: Vec<Value> = (1..12).map(|i| edge(&format!("t{i}"), "t0")).collect();
    let large = with(json!(tasks), json!(edges));
    let made = template(&client, &large).await;
    let warnings = made["limit_warnings"].as_array().expect("warnings");
    let found: Vec<(&str, u64, u64)> = warnings
        .iter()
        .map(|w| (w["path"].as_str().unwrap(), w["current"].as_u64().unwrap(), w["max"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, [("/tasks", 101, 100), ("/tasks/0", 11, 10)]);
    assert!(warnings.iter().all(|w| w["i18nKey"].is_string() && w["message"].is_string()));
    assert_eq!(warnings[1]["node_id"], "t0");
    let one = format!("{TEMPLATES}/{}", made["id"].as_str().unwrap());
    assert_eq!(client.get(&one).await.expect(200).json()["limit_warnings"], made["limit_warnings"]);
    for refused in [
        client.post(&format!("{TEMPLATES}?enforce_limits=true"), &large).await.expect(400),
        client.json("PUT", &format!("{one}?enforce_limits=true"), &large).await.expect(400),
    ] {
        assert!(message(&refused).contains("tasks: 101 of at most 100"), "{}", refused.text);
    }
    let small = client.post(&format!("{TEMPLATES}?enforce_limits=true"), &flow("Small")).await.expect(201).json();
    assert!(small.get("limit_warnings").is_none());
    client.post(&format!("{TEMPLATES}?enforce_limits=maybe"), &flow("Small")).await.expect(400);
}
