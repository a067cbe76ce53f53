//! Tasks that are added, executed, run and reconciled.

use super::{Stage, automation};
use crate::epilot::{edge, flow, manual, message};
use serde_json::json;

#[tokio::test]
async fn a_task_is_added_between_two_others_or_behind_one() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Added")).await;
    let tasks = format!("{}/tasks", started.path());
    let (a, b) = (started.node("a"), started.node("b"));
    let between = json!({"previous_task_id": a, "next_task_id": b, "task": {"id": "task_7hj28a", "name": "Between",
        "assigned_to": ["u-1"], "due_date": "2026-12-01T00:00:00.000"}});
    let task = stage.client.post(&tasks, &between).await.expect(201).json();
    for (member, expected) in [
        ("id", json!("task_7hj28a")),
        ("template_id", json!("task_7hj28a")),
        ("name", json!("Between")),
        ("task_type", json!("MANUAL")),
        ("status", json!("PENDING")),
        ("manually_created", json!(true)),
        ("enabled", json!(true)),
        ("assigned_to", json!(["u-1"])),
        ("due_date", json!("2026-12-01T00:00:00.000")),
    ] {
        assert_eq!(task[member], expected, "{member}");
    }
    for next in [json!(null), json!({})] {
        let mut behind = json!({"previous_task_id": b, "task": {"name": "Behind", "status": "IN_PROGRESS"}});
        if next.is_null() {
            behind["next_task_id"] = next;
        }
        let task = stage.client.post(&tasks, &behind).await.expect(201).json();
        assert_eq!((&task["status"], task["id"].as_str().unwrap().len()), (&json!("IN_PROGRESS"), 10));
    }
    started.reload().await;
    started.complete("a").await;
    assert_eq!(started.current(), ["task_7hj28a"]);
    started.complete("task_7hj28a").await;
    assert_eq!(started.current(), ["b"]);
}

#[tokio::test]
async fn a_task_that_cannot_be_added_is_refused() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Refused")).await;
    let tasks = format!("{}/tasks", started.path());
    let (a, b) = (started.node("a"), started.node("b"));
    let before = started.shown.clone();
    let ask = |task: serde_json::Value| json!({"previous_task_id": a, "next_task_id": b, "task": task});
    for (body, status, said) in [
        (json!({}), 400, "previous_task_id is required; task is required"),
        (ask(json!({})), 400, "task.name is required"),
        (ask(json!({"name": "n", "id": ""})), 400, "task.id must not be empty"),
        (ask(json!({"name": "n", "id": a})), 400, "is used by another node"),
        (ask(json!({"name": "n", "status": "FAILED"})), 400, "Invalid status transition from PENDING to FAILED"),
        (ask(json!({"name": "n", "task_type": "AUTOMATION"})), 400, "task.automation_config is required"),
        (ask(json!({"name": "n", "task_type": "DECISION"})), 400, "task.task_type must not be DECISION"),
        (ask(json!({"name": "n", "task_type": "MOON"})), 400, "task.task_type must be one of"),
        (ask(json!({"name": "n", "phase_id": "nobodys"})), 404, "Phase not found"),
        (
            json!({"previous_task_id": b, "next_task_id": a, "task": {"name": "n"}}),
            400,
            "no edge leads from previous_task_id to next_task_id",
        ),
        (json!({"previous_task_id": "nobodys", "task": {"name": "n"}}), 404, "Task not found"),
        (json!({"previous_task_id": a, "next_task_id": "nobodys", "task": {"name": "n"}}), 404, "Task not found"),
    ] {
        let refused = stage.client.post(&tasks, &body).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text);
        assert!(message(&refused).contains(said), "{body}: {}", refused.text);
        assert_eq!(*started.reload().await, before);
    }
}

#[tokio::test]
async fn an_automation_runs_when_it_is_told_and_lets_the_execution_go_on() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    let mut body = flow("Automated");
    let mut by_hand = automation("hand", "auto");
    by_hand["trigger_mode"] = json!("manual");
    body["tasks"] = json!([by_hand, automation("self", "auto"), manual("b")]);
    body["edges"] = json!([edge("hand", "self"), edge("self", "b")]);
    let mut started = stage.start(&body).await;
    let refused = started.post("b", "automation:run").await.expect(400);
    assert_eq!(message(&refused), "Task is not an automation task");
    let task = started.post("hand", "automation:run").await.expect(200).json();
    let config = &task["automation_config"];
    assert_eq!((&task["status"], &config["execution_status"]), (&json!("IN_PROGRESS"), &json!("starting")));
    assert!(config["execution_id"].is_string());
    assert_eq!(config["execution_id"], task["automation_execution_id"]);
    started.becomes("self", "COMPLETED").await;
    assert_eq!(started.current(), ["b"]);
    for task in ["hand", "self"] {
        let config = &started.task(task)["automation_config"];
        assert_eq!((&config["execution_status"], config.get("error_reason")), (&json!("success"), None), "{task}");
    }
    let refused = started.post("hand", "automation:run").await.expect(400);
    assert_eq!(message(&refused), "Invalid status transition from COMPLETED to IN_PROGRESS");
    let before = started.shown.clone();
    assert_eq!(started.post("hand", "reconcile-automation").await.expect(200).json(), before);
    let refused = started.post("b", "reconcile-automation").await.expect(400);
    assert_eq!(message(&refused), "Task is not an automation task");
}

#[tokio::test]
async fn a_failed_automation_says_why_and_holds_the_execution() {
    let stage = Stage::new().await;
    let mut body = flow("Failing");
    body["tasks"] = json!([automation("auto", "missing"), manual("b")]);
    body["edges"] = json!([edge("auto", "b")]);
    let mut started = stage.start(&body).await;
    started.becomes("auto", "FAILED").await;
    assert_eq!(started.current(), ["auto"]);
    let config = started.task("auto")["automation_config"].clone();
    assert_eq!(config["execution_status"], "failed");
    let reason: serde_json::Value = serde_json::from_str(config["error_reason"].as_str().unwrap()).unwrap();
    assert_eq!(reason["error_code"], "AUTOMATION_NOT_FOUND");
    stage.automation("missing").await;
    started.post("auto", "execute").await.expect(200);
    started.becomes("auto", "COMPLETED").await;
    assert_eq!(started.current(), ["b"]);
}

#[tokio::test]
async fn a_task_put_aside_is_brought_together_with_its_automation_again() {
    let stage = Stage::new().await;
    // It waits for somebody until then.
    stage.automation_of("asks", json!([{"step_type": "mark_invoices_overdue"}])).await;
    let mut body = flow("Aside");
    let mut task = automation("auto", "asks");
    task["trigger_mode"] = json!("manual");
    body["tasks"] = json!([task, manual("b")]);
    body["edges"] = json!([edge("auto", "b")]);
    let mut started = stage.start(&body).await;
    started.post("auto", "automation:run").await.expect(200);
    let aside = started.patch("auto", json!({"status": "ON_HOLD"})).await;
    if aside.status == 400 {
        // The automation was faster than the patch.
        assert_eq!(message(&aside), "Invalid status transition from COMPLETED to ON_HOLD");
        return;
    }
    crate::support::eventually("the end of the automation", || async {
        let shown = stage.client.get(&started.path()).await.expect(200).json();
        let tasks = shown["tasks"].as_array().unwrap();
        let auto = tasks.iter().find(|t| t["template_id"] == "auto").unwrap();
        (auto["automation_config"]["execution_status"] == "success").then_some(())
    })
    .await;
    started.reload().await;
    assert_eq!((started.status("auto"), started.current()), ("ON_HOLD", vec!["auto"]));
    let shown = started.post("auto", "reconcile-automation").await.expect(200).json();
    assert_eq!((&shown["id"], started.status("auto"), started.current()), (&json!(started.id), "COMPLETED", vec!["b"]));
}

#[tokio::test]
async fn execute_does_what_a_task_is_for() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Executed")).await;
    let task = started.post("a", "execute").await.expect(200).json();
    assert_eq!((&task["status"], started.current()), (&json!("COMPLETED"), vec!["b"]));
    let refused = started.post("a", "execute").await.expect(400);
    assert_eq!(message(&refused), "Invalid status transition from COMPLETED to COMPLETED");
    for what in ["execute", "automation:run", "reconcile-automation", "schedule/run-now"] {
        let path = format!("{}/tasks/nobodys/{what}", started.path());
        assert_eq!(message(&stage.client.post_empty(&path).await.expect(404)), "Task not found", "{what}");
    }
}
