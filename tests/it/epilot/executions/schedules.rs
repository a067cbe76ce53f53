use super::{Stage, automation};
use crate::epilot::{edge, flow, manual, message};
use serde_json::{Value, json};

/// An automation that waits by this schedule, and a manual task behind it.
fn waiting(schedule: Value) -> Value {
    let mut body = flow("Waiting");
    let mut task = automation("auto", "auto");
    task["schedule"] = schedule;
    body["tasks"] = json!([task, manual("b")]);
    body["edges"] = json!([edge("auto", "b")]);
    body
}

fn hours(n: u32) -> Value {
    json!({"mode": "delayed", "duration": n, "unit": "hours"})
}

#[tokio::test]
async fn a_scheduled_task_shows_its_instant_and_runs_when_it_comes() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    let mut started = stage.start(&waiting(hours(2))).await;
    let schedule = &started.task("auto")["schedule"];
    assert_eq!((started.status("auto"), &schedule["scheduled_at"]), ("SCHEDULED", &json!("2026-11-22T11:00:00.000Z")));
    assert!(schedule["schedule_id"].as_str().unwrap().starts_with("sch_"));
    // Clients send stored tasks back.
    let sent = started.task("auto").clone();
    started.patch("auto", sent).await.expect(200);
    assert_eq!(started.status("auto"), "SCHEDULED");
    stage.host.advance_secs(7_199);
    started.reload().await;
    assert_eq!(started.status("auto"), "SCHEDULED");
    stage.host.advance_secs(1);
    started.becomes("auto", "COMPLETED").await;
    assert_eq!(started.task("auto")["schedule"], hours(2));
    assert_eq!(started.current(), ["b"]);
}

#[tokio::test]
async fn a_cancelled_schedule_skips_its_task() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    for by_id in [false, true] {
        let mut started = stage.start(&waiting(hours(2))).await;
        let schedule = started.task("auto")["schedule"]["schedule_id"].as_str().unwrap().to_owned();
        let (task, by_its_id) =
            (format!("{}/schedule", started.at("auto")), format!("{}/schedules/{schedule}", started.path()));
        let cancel = || async {
            if by_id { stage.client.post_empty(&by_its_id).await } else { stage.client.delete(&task).await }
        };
        assert_eq!(cancel().await.expect(204).text, "");
        started.reload().await;
        assert_eq!((started.status("auto"), started.current()), ("SKIPPED", vec!["b"]));
        let again = cancel().await;
        let expected = if by_id { (404, "Schedule not found") } else { (400, "Task is not scheduled") };
        assert_eq!((again.status, message(&again).as_str()), expected);
        stage.host.advance_secs(7_200);
        started.reload().await;
        assert!(started.task("auto").get("automation_execution_id").is_none());
    }
}

#[tokio::test]
async fn a_schedule_that_somebody_cannot_wait_for_is_used_up_at_once() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    let mut started = stage.start(&waiting(hours(2))).await;
    let task = started.post("auto", "schedule/run-now").await.expect(200).json();
    assert_eq!((&task["status"], &task["schedule"]), (&json!("IN_PROGRESS"), &hours(2)));
    started.becomes("auto", "COMPLETED").await;
    let refused = started.post("auto", "schedule/run-now").await.expect(400);
    assert_eq!(message(&refused), "Task is not scheduled");
    let refused = started.post("b", "schedule/run-now").await.expect(400);
    assert_eq!(message(&refused), "Task is not scheduled");
    let unknown = stage.client.delete(&format!("{}/tasks/nobodys/schedule", started.path())).await.expect(404);
    assert_eq!(message(&unknown), "Task not found");
    let unknown = stage.client.post_empty(&format!("{}/schedules/sch_8k", started.path())).await.expect(404);
    assert_eq!(message(&unknown), "Schedule not found");
}

#[tokio::test]
async fn a_schedule_without_its_anchor_fails_its_task_and_says_why() {
    let stage = Stage::new().await;
    let relative = |attribute: &str| {
        json!({"mode": "relative", "direction": "before", "duration": 1, "unit": "days",
            "reference": {"id": "r", "origin": "trigger_entity_attribute", "schema": "contact", "attribute": attribute}})
    };
    stage.contact("c-1", json!({"name": "Ada", "past": "2020-01-01", "move_in": "2026-12-24"})).await;
    for (attribute, status) in [("missing", "FAILED"), ("name", "FAILED"), ("past", "FAILED"), ("move_in", "SCHEDULED")]
    {
        let started = stage.start(&waiting(relative(attribute))).await;
        assert_eq!(started.status("auto"), status, "{attribute}");
        let task = started.task("auto");
        if status == "SCHEDULED" {
            assert_eq!(task["schedule"]["scheduled_at"], "2026-12-23T00:00:00.000Z");
            continue;
        }
        let reason: Value = serde_json::from_str(task["automation_config"]["error_reason"].as_str().unwrap()).unwrap();
        assert_eq!(reason["error_code"], "INVALID_SCHEDULE_CONFIG", "{attribute}");
        assert_eq!(task["schedule"], relative(attribute));
    }
    // A decision tells it in its schedule.
    let bare = |id: &str| {
        json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": [
        {"id": "s", "source": {"schema": "contact", "attribute": "name", "attribute_type": "string"}, "operator": "equals", "values": ["x"]}]})
    };
    let mut body = flow("Deciding");
    body["tasks"] = json!([{"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "automatic",
        "schedule": relative("missing"), "conditions": [bare("x"), bare("y")]}, manual("b")]);
    body["edges"] = json!([{"id": "1", "from_id": "d", "to_id": "b", "condition_id": "x"}]);
    let started = stage.start(&body).await;
    let task = started.task("d");
    let reason: Value = serde_json::from_str(task["schedule"]["error_reason"].as_str().unwrap()).unwrap();
    assert_eq!((&task["status"], &reason["error_code"]), (&json!("FAILED"), &json!("INVALID_SCHEDULE_CONFIG")));
    assert!(task.get("error_reason").is_none());
}

#[tokio::test]
async fn a_schedule_moves_with_the_date_it_counts_from() {
    let stage = Stage::new().await;
    stage.contact("c-1", json!({"move_in": "2026-12-24"})).await;
    let schedule = json!({"mode": "relative", "direction": "after", "duration": 2, "unit": "hours",
        "reference": {"id": "r", "origin": "trigger_entity_attribute", "schema": "contact", "attribute": "move_in"}});
    let started = stage.start(&waiting(schedule)).await;
    assert_eq!(started.task("auto")["schedule"]["scheduled_at"], "2026-12-24T02:00:00.000Z");
    stage.contact("c-1", json!({"move_in": "2026-12-31"})).await;
    crate::support::eventually("the schedule's move", || async {
        let shown = stage.client.get(&started.path()).await.expect(200).json();
        (shown["tasks"][0]["schedule"]["scheduled_at"] == "2026-12-31T02:00:00.000Z").then_some(())
    })
    .await;
}
