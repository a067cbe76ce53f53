//! Automatic decisions as clients see them. What conditions say of which attribute is the plugin's own business.

use super::{EXECUTIONS, Stage, automation, start_of};
use crate::epilot::{TEMPLATES, edge, flow, manual, message, template};
use crate::support::eventually;
use serde_json::{Value, json};

fn branch(id: &str, attribute: &str, kind: &str, operator: &str, value: &str) -> Value {
    let source = json!({"origin": "trigger", "schema": "contact", "attribute": attribute, "attribute_type": kind});
    let statement = json!({"id": "s", "source": source, "operator": operator, "values": [value]});
    json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": [statement]})
}

/// d → b, c or, where there is a default, e.
fn deciding(parallel: bool, default: bool) -> Value {
    let mut body = flow("Deciding");
    let conditions =
        [branch("to-b", "kind", "string", "equals", "vip"), branch("to-c", "age", "number", "greater_than", "17")];
    body["tasks"] = json!([
        {"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "automatic", "conditions": conditions,
            "allow_parallel_execution": parallel},
        manual("b"), manual("c"), manual("e")]);
    let leads =
        |to: &str, condition: &str| json!({"id": condition, "from_id": "d", "to_id": to, "condition_id": condition});
    body["edges"] = json!([leads("b", "to-b"), leads("c", "to-c")]);
    if default {
        let edge = json!({"id": "n", "from_id": "d", "to_id": "e", "condition_id": "none-met-d", "none_met": true});
        body["edges"].as_array_mut().unwrap().push(edge);
    } else {
        body["tasks"].as_array_mut().unwrap().pop();
    }
    body
}

#[tokio::test]
async fn an_automatic_decision_takes_the_branches_whose_conditions_are_met() {
    let stage = Stage::new().await;
    for (contact, parallel, met, next) in [
        (json!({"kind": "vip", "age": 20}), true, [true, true], &["b", "c"][..]),
        (json!({"kind": "vip", "age": 20}), false, [true, true], &["b"]),
        (json!({"kind": "x", "age": 20}), true, [false, true], &["c"]),
        (json!({"kind": "x", "age": 7}), true, [false, false], &["e"]),
        // Of a type that cannot be compared, and of no type at all.
        (json!({"kind": 5, "age": "old"}), true, [false, false], &["e"]),
        (json!({}), true, [false, false], &["e"]),
    ] {
        stage.contact("c-1", contact.clone()).await;
        let mut started = stage.start(&deciding(parallel, true)).await;
        started.becomes("d", "COMPLETED").await;
        assert_eq!(started.current(), next, "{contact}");
        for (n, met) in met.into_iter().enumerate() {
            let condition = &started.task("d")["conditions"][n];
            assert_eq!(condition["is_met"], met, "{contact}");
            assert_eq!(condition["evaluated_at"], "2026-11-22T09:00:00.000Z");
        }
        let refused = started.patch("d", json!({"status": "SKIPPED", "next_condition_id": "to-b"})).await;
        assert!(matches!(refused.status, 200 | 400), "{}", refused.text);
    }
}

#[tokio::test]
async fn answers_come_when_the_decisions_they_lead_to_are_made() {
    let stage = Stage::new().await;
    stage.contact("c-1", json!({"kind": "vip", "age": 7})).await;
    let started = stage.start(&deciding(true, true)).await;
    assert_eq!((started.status("d"), started.current()), ("COMPLETED", vec!["b"]), "{}", started.shown);

    // Behind a task, and one behind the other.
    let mut body = deciding(true, true);
    let mut second = body["tasks"][0].clone();
    (second["id"], second["name"]) = (json!("d2"), json!("d2"));
    body["tasks"].as_array_mut().unwrap().extend([manual("a"), second, manual("x"), manual("y")]);
    let edges = body["edges"].as_array_mut().unwrap();
    edges[0]["to_id"] = json!("d2");
    edges.push(edge("a", "d"));
    for (condition, to) in [("to-b", "x"), ("to-c", "y"), ("none-met-d2", "b")] {
        let none_met = condition == "none-met-d2";
        edges.push(json!({"id": format!("d2-{to}"), "from_id": "d2", "to_id": to, "condition_id": condition,
            "none_met": none_met}));
    }
    let mut started = stage.start(&body).await;
    started.patch("a", json!({"status": "COMPLETED"})).await.expect(200);
    assert_eq!((started.status("d"), started.status("d2")), ("COMPLETED", "COMPLETED"), "{}", started.shown);
    assert_eq!(started.current(), ["x"]);

    // Asked again by hand.
    stage.contact("c-1", json!({"kind": "x", "age": 7})).await;
    let mut started = stage.start(&deciding(true, false)).await;
    assert_eq!(started.status("d"), "CONDITION_PENDING");
    let shown = started.post("d", "execute").await.expect(200).json();
    assert_eq!((&shown["status"], started.current()), (&json!("CONDITION_PENDING"), vec!["d"]), "{shown}");
}

#[tokio::test]
async fn a_decision_none_of_whose_conditions_is_met_waits_for_an_entity_or_for_a_person() {
    let stage = Stage::new().await;
    let mut by_entity = stage.start(&deciding(true, false)).await;
    let mut by_hand = stage.start(&deciding(true, false)).await;
    for started in [&mut by_entity, &mut by_hand] {
        started.becomes("d", "CONDITION_PENDING").await;
        assert_eq!(started.current(), ["d"]);
        let refused = started.patch("d", json!({"status": "IN_PROGRESS"})).await.expect(400);
        assert_eq!(message(&refused), "Invalid status transition from CONDITION_PENDING to IN_PROGRESS");
        assert_eq!(
            message(&started.patch("d", json!({"status": "COMPLETED"})).await.expect(400)),
            "next_condition_id is required"
        );
    }
    // Asked again, it says the same.
    by_hand.post("d", "execute").await.expect(200);
    by_hand.becomes("d", "CONDITION_PENDING").await;
    // Gone, the entity fulfils nothing, and nothing is broken by that.
    let path = format!("{}/entities/contact/c-1", stage.tenant.base);
    stage.host.operator.delete(&path).await.expect(204);
    for started in [&mut by_entity, &mut by_hand] {
        started.becomes("d", "CONDITION_PENDING").await;
    }
    by_hand.patch("d", json!({"status": "COMPLETED", "next_condition_id": "to-b"})).await.expect(200);
    assert_eq!(by_hand.current(), ["b"]);
    stage.contact("c-1", json!({"age": 40})).await;
    stage.contact("c-1", json!({"age": 41})).await;
    by_entity.becomes("d", "COMPLETED").await;
    assert_eq!(by_entity.current(), ["c"]);
}

#[tokio::test]
async fn a_decision_with_a_schedule_is_made_when_its_instant_comes() {
    let stage = Stage::new().await;
    let mut body = deciding(true, true);
    body["tasks"][0]["schedule"] = json!({"mode": "delayed", "duration": 3, "unit": "days"});
    let mut started = stage.start(&body).await;
    let schedule = &started.task("d")["schedule"];
    assert_eq!((started.status("d"), &schedule["scheduled_at"]), ("SCHEDULED", &json!("2026-11-25T09:00:00.000Z")));
    stage.contact("c-1", json!({"kind": "vip"})).await;
    stage.host.advance_secs(3 * 86_400);
    started.becomes("d", "COMPLETED").await;
    assert_eq!(started.current(), ["b"]);
}

#[tokio::test]
async fn a_template_with_a_fault_is_neither_kept_nor_started() {
    let stage = Stage::new().await;
    let tasks = |ids: &[&str]| -> Value { ids.iter().map(|id| manual(id)).collect() };
    let of = |tasks: Value, edges: Value| json!({"name": "Faulty", "tasks": tasks, "edges": edges});
    let mut two_starts = of(tasks(&["a", "b"]), json!([]));
    two_starts["phases"] = json!([{"id": "p", "name": "p"}]);
    for n in 0..2 {
        two_starts["tasks"][n]["phase_id"] = json!("p");
    }
    let many: Vec<String> = (0..501).map(|n| format!("t{n}")).collect();
    let mut wrong_type = deciding(true, true);
    wrong_type["tasks"][0]["conditions"][0]["statements"][0]["source"]["attribute_type"] = json!("moon");
    let mut wrong_operator = deciding(true, true);
    wrong_operator["tasks"][0]["conditions"][0]["statements"][0]["operator"] = json!("resembles");
    let mut unknown_automation_input = of(json!([automation("x", "f")]), json!([]));
    unknown_automation_input["tasks"][0]["automation_config"]["input_context"] =
        json!({"source": "task", "task_id": "nobody"});
    for (body, said) in [
        (of(tasks(&["a", "b"]), json!([edge("a", "b"), edge("b", "a")])), "cycle that is not a declared loop"),
        (of(tasks(&["a"]), json!([edge("a", "nobody")])), "no node has the id 'nobody'"),
        (two_starts, "exactly one start task"),
        (of(tasks(&many.iter().map(String::as_str).collect::<Vec<_>>()), json!([])), "must be at most 500"),
        (wrong_type, "moon"),
        (wrong_operator, "resembles"),
        (unknown_automation_input, "no task has the id 'nobody'"),
    ] {
        let refused = stage.client.post(TEMPLATES, &body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(message(&refused).contains(said), "{}", refused.text);
    }
    assert_eq!(stage.client.get(TEMPLATES).await.expect(200).json()["results"], json!([]));
}

#[tokio::test]
async fn a_template_may_be_deleted_while_its_executions_go_on() {
    let stage = Stage::new().await;
    let made = template(&stage.client, &flow("Deleted")).await;
    let started = stage.client.post(EXECUTIONS, &start_of(&made)).await.expect(201).json();
    stage.client.delete(&format!("{TEMPLATES}/{}", made["id"].as_str().unwrap())).await.expect(204);
    let refused = stage.client.post(EXECUTIONS, &start_of(&made)).await.expect(400);
    assert_eq!(message(&refused), "Invalid flow_template_id (template not found)");
    let one = format!("{EXECUTIONS}/{}", started["id"].as_str().unwrap());
    for n in 0..2 {
        let task = format!("{one}/tasks/{}/execute", started["tasks"][n]["id"].as_str().unwrap());
        stage.client.post_empty(&task).await.expect(200);
    }
    eventually("the end", || async {
        (stage.client.get(&one).await.expect(200).json()["status"] == "DONE").then_some(())
    })
    .await;
}
