use super::Stage;
use crate::epilot::{edge, flow, manual, message};
use serde_json::{Value, json};

#[tokio::test]
async fn an_execution_is_done_when_its_last_task_is() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Two")).await;
    assert_eq!(started.current(), ["a"]);
    stage.host.advance_secs(1);
    let patched = started.patch("a", json!({"status": "IN_PROGRESS"})).await.expect(200).json();
    assert_eq!((&patched["id"], &patched["status"]), (&json!(started.node("a")), &json!("IN_PROGRESS")));
    assert_eq!(patched["analytics"]["in_progress_at"], "2026-11-22T09:00:01.000Z");
    started.complete("a").await;
    assert_eq!(started.current(), ["b"]);
    started.patch("b", json!({"status": "SKIPPED"})).await.expect(200);
    assert_eq!((&started.shown["status"], &started.shown["crt_tasks"]), (&json!("DONE"), &json!([])));
    assert_eq!(started.shown["analytics"]["completed_at"], "2026-11-22T09:00:01.000Z");
}

#[tokio::test]
async fn every_member_of_a_task_can_be_patched_and_null_leaves_it_as_it_is() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Patched")).await;
    let journey = json!({"id": "j", "complete_task_automatically": true});
    let patch = json!({
        "name": "Called", "due_date": "2026-05-28T00:00:00.000", "enabled": true,
        "due_date_config": {"duration": 1, "unit": "weeks", "type": "TASK_FINISHED", "task_id": "b", "phase_id": "x"},
        "assigned_to": ["u-2", {"variable": "{{entity.owner}}", "value": ["forged"]}],
        "description": {"enabled": true, "value": "Long"},
        "ecp": {"enabled": true, "label": "l", "journey": journey}, "installer": {"enabled": false},
        "partner": {"label": "p"}, "unknown": 1,
    });
    let task = started.patch("a", patch.clone()).await.expect(200).json();
    for member in ["name", "due_date", "description", "ecp", "installer", "partner"] {
        assert_eq!(task[member], patch[member], "{member}");
    }
    assert_eq!(
        task["due_date_config"],
        json!({"duration": 1, "unit": "weeks", "type": "TASK_FINISHED", "task_id": "b"})
    );
    assert_eq!(task["assigned_to"], json!(["u-2", {"variable": "{{entity.owner}}", "value": ["u-1"]}]));
    assert!(task.get("unknown").is_none());

    let nulls: serde_json::Map<String, Value> =
        patch.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
    assert_eq!(started.patch("a", json!(nulls)).await.expect(200).json(), task);
    // A stored task may be sent back as it is.
    assert_eq!(started.patch("a", task.clone()).await.expect(200).json(), task);
    let task = started.patch("a", json!({"assigned_to": []})).await.expect(200).json();
    assert!(task.get("assigned_to").is_none());
}

#[tokio::test]
async fn a_due_date_is_kept_as_it_is_written() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Dates")).await;
    for date in ["2026-05-28T00:00:00.000", "2026-05-28T09:30:00.000Z", "2026-05-28T09:30:00+02:00", "2026-05-28"] {
        assert_eq!(started.patch("a", json!({"due_date": date})).await.expect(200).json()["due_date"], date);
        assert_eq!(started.patch_all(json!({"due_date": date})).await.expect(200).json()["due_date"], date);
    }
    assert!(started.patch("a", json!({"due_date": ""})).await.expect(200).json().get("due_date").is_none());
    assert!(started.patch_all(json!({"due_date": ""})).await.expect(200).json().get("due_date").is_none());
}

#[tokio::test]
async fn what_a_task_cannot_become_is_refused_and_nothing_changes() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Refused")).await;
    let before = started.shown.clone();
    let from = "Invalid status transition from PENDING to";
    for (patch, said) in [
        (json!({"status": "FLYING"}), "status must be one of PENDING, IN_PROGRESS, COMPLETED, SKIPPED, ON_HOLD, SCHEDULED, CONDITION_PENDING, WAITING_FOR_CONFIRMATION, FAILED".to_owned()),
        (json!({"status": 1}), "status must be one of".into()),
        (json!({"status": "SCHEDULED"}), format!("{from} SCHEDULED")),
        (json!({"status": "CONDITION_PENDING"}), format!("{from} CONDITION_PENDING")),
        (json!({"status": "WAITING_FOR_CONFIRMATION"}), format!("{from} WAITING_FOR_CONFIRMATION")),
        (json!({"status": "FAILED"}), format!("{from} FAILED")),
        (json!({"name": ""}), "name must be a text of 1 to 255 characters".into()),
        (json!({"name": "x".repeat(256)}), "name must be a text".into()),
        (json!({"due_date": "soon"}), "due_date must be a date-time".into()),
        (json!({"due_date_config": {"duration": -1, "unit": "days", "type": "WORKFLOW_STARTED"}}), "due_date_config.duration must be".into()),
        (json!({"due_date_config": {"duration": 1, "unit": "moons", "type": "WORKFLOW_STARTED"}}), "due_date_config.unit must be one of".into()),
        (json!({"due_date_config": {"duration": 1, "unit": "days", "type": "TASK_FINISHED"}}), "due_date_config.task_id is required".into()),
        (json!({"due_date_config": {}}), "due_date_config.duration is required; due_date_config.unit is required; due_date_config.type is required".into()),
        (json!({"assigned_to": "u-1"}), "assigned_to must be an array".into()),
        (json!({"assigned_to": ["u-1", 7]}), "assigned_to[1] must be a user id or".into()),
        (json!({"enabled": "yes"}), "enabled must be true or false".into()),
        (json!({"ecp": "yes"}), "ecp must be an object".into()),
        (json!({"description": {"value": "x".repeat(10_001)}}), "description.value must be a text of at most 10000".into()),
        (json!({"automation_config": {}}), "automation_config.flow_id is required".into()),
        (json!({"automation_config": {"flow_id": "f", "input_context": {"source": "moon"}}}), "automation_config.input_context.source must be one of".into()),
        (json!({"next_condition_id": "c"}), "next_condition_id is only for decisions".into()),
        (json!({"name": "Other", "status": "FAILED"}), format!("{from} FAILED")),
        (json!({"enabled": false, "status": "COMPLETED"}), "Task is disabled".into()),
    ] {
        let refused = started.patch("a", patch.clone()).await;
        assert_eq!(refused.status, 400, "{patch}: {}", refused.text);
        assert!(message(&refused).starts_with(&said), "{patch}: {}", refused.text);
        assert_eq!(started.shown, before, "{patch}");
    }
    for task in ["nobodys", "undefined", "a"] {
        let path = format!("{}/tasks/{task}", started.path());
        let refused = stage.client.json("PATCH", &path, &json!({"status": "COMPLETED"})).await.expect(404);
        assert_eq!(message(&refused), "Task not found");
    }
}

#[tokio::test]
async fn deprecated_words_mean_pending_and_a_status_the_task_has_is_no_change() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Words")).await;
    for word in ["UNASSIGNED", "ASSIGNED", "PENDING"] {
        let task = started.patch("a", json!({"status": word})).await.expect(200).json();
        assert_eq!((&task["status"], &task["analytics"]), (&json!("PENDING"), &json!({})), "{word}");
    }
    started.complete("a").await;
    started.complete("a").await;
    let refused = started.patch("a", json!({"status": "IN_PROGRESS"})).await.expect(400);
    assert_eq!(message(&refused), "Invalid status transition from COMPLETED to IN_PROGRESS");
    // Of the ones before it, this one alone.
    started.patch("a", json!({"status": "ASSIGNED"})).await.expect(200);
    assert_eq!((started.status("a"), started.current()), ("PENDING", vec!["b"]));
}

#[tokio::test]
async fn a_disabled_task_waits_for_what_it_requires() {
    let stage = Stage::new().await;
    let mut body = flow("Required");
    body["tasks"][1]["requirements"] = json!([{"task_id": "a", "when": "TASK_FINISHED"}]);
    body["edges"] = json!([]);
    let mut started = stage.start(&body).await;
    assert_eq!(started.task("b")["enabled"], false);
    let refused = started.patch("b", json!({"status": "COMPLETED"})).await.expect(400);
    assert_eq!(message(&refused), "Task is disabled");
    started.patch("b", json!({"enabled": true, "status": "IN_PROGRESS"})).await.expect(200);
    started.complete("a").await;
    assert_eq!((&started.task("b")["enabled"], started.status("b")), (&json!(true), "IN_PROGRESS"));
}

/// a → d, by hand, to b or c, or else to e.
fn branching() -> Value {
    let mut body = flow("Branching");
    let bare = |id: &str| json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": []});
    let decision = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
        "conditions": [bare("to-b"), bare("to-c")]});
    body["tasks"] = json!([manual("a"), decision, manual("b"), manual("c"), manual("e")]);
    body["edges"] = json!([edge("a", "d"),
        {"id": "1", "from_id": "d", "to_id": "b", "condition_id": "to-b"},
        {"id": "2", "from_id": "d", "to_id": "c", "condition_id": "to-c"},
        {"id": "3", "from_id": "d", "to_id": "e", "condition_id": "none-met-d", "none_met": true}]);
    body
}

#[tokio::test]
async fn a_manual_decision_takes_the_branch_it_is_told() {
    let stage = Stage::new().await;
    for (patch, next) in [
        (json!({"status": "COMPLETED", "next_condition_id": "to-c"}), "c"),
        (json!({"status": "COMPLETED", "next_condition_id": "none-met-d"}), "e"),
        (json!({"status": "SKIPPED"}), "e"),
    ] {
        let mut started = stage.start(&branching()).await;
        started.complete("a").await;
        for (wrong, said) in [
            (json!({"status": "COMPLETED"}), "next_condition_id is required"),
            (json!({"status": "COMPLETED", "next_condition_id": "moon"}), "Invalid next_condition_id 'moon'"),
        ] {
            assert_eq!(message(&started.patch("d", wrong).await.expect(400)), said);
        }
        let refused = started.post("d", "execute").await.expect(400);
        assert_eq!(message(&refused), "a manual decision is made by completing it with next_condition_id");
        started.patch("d", patch).await.expect(200);
        assert_eq!(started.current(), [next]);
        started.complete(next).await;
        assert_eq!(started.shown["status"], "DONE");
    }
}

#[tokio::test]
async fn a_revert_takes_the_execution_back() {
    let stage = Stage::new().await;
    let mut started = stage.start(&branching()).await;
    started.complete("a").await;
    started.patch("d", json!({"status": "COMPLETED", "next_condition_id": "to-b"})).await.expect(200);
    started.complete("b").await;
    assert_eq!(started.shown["status"], "DONE");
    let task = started.patch("a", json!({"status": "PENDING", "revert_execution": true})).await.expect(200).json();
    assert_eq!((&task["status"], &task["analytics"]), (&json!("PENDING"), &json!({})));
    assert_eq!((&started.shown["status"], started.current()), (&json!("STARTED"), vec!["a"]));
    assert_eq!((started.status("d"), started.status("b")), ("PENDING", "PENDING"));
    assert!(started.shown["analytics"].get("completed_at").is_none());
}
