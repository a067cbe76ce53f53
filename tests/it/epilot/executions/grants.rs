use super::{EXECUTIONS, Stage, automation, start_of};
use crate::epilot::{flow, manual, message, template};
use crate::support::{Answer, Client};
use serde_json::json;

const VIEW: &str = "workflow:execution:view";

/// Everything a key may try, by the name of what it is.
async fn tries(
    client: &Client,
    stage: &Stage,
    execution: &str,
    task: &str,
    phase: &str,
) -> Vec<(&'static str, Answer)> {
    let made = template(&stage.client, &flow("Tried")).await;
    let one = format!("{EXECUTIONS}/{execution}");
    let task = format!("{one}/tasks/{task}");
    let patch = |path: String, body: serde_json::Value| async move { client.json("PATCH", &path, &body).await };
    vec![
        ("get", client.get(&one).await),
        (
            "search",
            client
                .post(&format!("{EXECUTIONS}:search"), &json!({"entity_id": "c-1", "entity_schema": "contact"}))
                .await,
        ),
        ("start", client.post(EXECUTIONS, &start_of(&made)).await),
        ("status", patch(one.clone(), json!({"status": "STARTED"})).await),
        ("reasons", patch(one.clone(), json!({"closing_reason": {"extra_description": "x"}})).await),
        ("assignees", patch(one.clone(), json!({"assigned_to": ["u-1"]})).await),
        ("both", patch(one.clone(), json!({"assigned_to": ["u-1"], "status": "STARTED"})).await),
        ("phase", patch(format!("{one}/phases/{phase}"), json!({"name": "p"})).await),
        ("task status", patch(task.clone(), json!({"status": "PENDING"})).await),
        ("task name", patch(task.clone(), json!({"name": "n"})).await),
        ("task assignees", patch(task.clone(), json!({"assigned_to": ["u-1"]})).await),
        ("task due date", patch(task.clone(), json!({"due_date": "2026-12-24"})).await),
        (
            "add",
            client
                .post(
                    &format!("{one}/tasks"),
                    &json!({"previous_task_id": task.rsplit('/').next(), "task": {"name": "n"}}),
                )
                .await,
        ),
        ("run", client.post_empty(&format!("{task}/automation:run")).await),
        ("execute", client.post_empty(&format!("{task}/execute")).await),
        ("reconcile", client.post_empty(&format!("{task}/reconcile-automation")).await),
        ("run now", client.post_empty(&format!("{task}/schedule/run-now")).await),
        ("cancel", client.delete(&format!("{task}/schedule")).await),
        ("cancel by id", client.post_empty(&format!("{one}/schedules/sch_1")).await),
        ("delete", client.delete(&one).await),
    ]
}

#[tokio::test]
async fn a_key_does_to_executions_only_what_its_grants_allow() {
    let stage = Stage::new().await;
    let mut body = flow("Granted");
    body["phases"] = json!([{"id": "p", "name": "p"}]);
    let mut task = automation("a", "auto");
    (task["phase_id"], task["trigger_mode"]) = (json!("p"), json!("manual"));
    body["tasks"] = json!([task]);
    body["edges"] = json!([]);
    for (grant, allowed) in [
        (VIEW, &["get", "search"][..]),
        ("workflow:execution:trigger", &["start"]),
        ("workflow:execution:cancel", &["status", "reasons"]),
        ("workflow:execution:update_details", &["assignees", "phase"]),
        ("workflow:execution:delete", &["delete"]),
        (
            "workflow:execution:task:update",
            &["task status", "task name", "run", "execute", "reconcile", "run now", "cancel", "cancel by id"],
        ),
        ("workflow:execution:task:update_assigned", &[]),
        ("workflow:execution:task:assign", &["task assignees"]),
        ("workflow:execution:task:update_date", &["task due date"]),
        ("workflow:execution:task:add", &["add"]),
        ("workflow:execution:task:view_assigned", &[]),
        ("workflow:definition:*", &[]),
        ("automation:trigger", &[]),
    ] {
        let started = stage.start(&body).await;
        let client = stage.key_with(&[grant], None).await;
        for (what, answer) in tries(&client, &stage, &started.id, &started.node("a"), &started.node("p")).await {
            if allowed.contains(&what) {
                assert_ne!(answer.status, 403, "{grant}: {what} is refused");
                continue;
            }
            assert_eq!((answer.status, message(&answer).as_str()), (403, "Forbidden"), "{grant}: {what}");
        }
    }
}

#[tokio::test]
async fn a_key_for_assigned_tasks_works_on_those_of_its_user_only() {
    let stage = Stage::new().await;
    let mut body = flow("Assigned");
    body["tasks"][0]["assigned_to"] = json!(["u-2", {"variable": "{{entity.owner}}"}]);
    body["tasks"][1] = manual("b");
    let started = stage.start(&body).await;
    let grants = ["workflow:execution:task:update_assigned"];
    let patch = json!({"status": "IN_PROGRESS"});
    for (user, task, status) in [
        (Some("u-1"), "a", 200),
        (Some("u-2"), "a", 200),
        (Some("u-3"), "a", 403),
        (None, "a", 403),
        (Some("u-1"), "b", 403),
    ] {
        let client = stage.key_with(&grants, user).await;
        let answer = client.json("PATCH", &started.at(task), &patch).await;
        assert_eq!(answer.status, status, "{user:?} {task}: {}", answer.text);
        let both = client.json("PATCH", &started.at(task), &json!({"status": "ON_HOLD", "assigned_to": ["u-3"]})).await;
        assert_eq!(both.status, 403, "{user:?} {task}: {}", both.text);
        client.json("PATCH", &format!("{}/tasks/nobodys", started.path()), &patch).await.expect(404);
    }
    let shown = stage.client.get(&started.path()).await.expect(200).json();
    let task = shown["tasks"].as_array().unwrap().iter().find(|t| t["template_id"] == "a").unwrap();
    assert_eq!(task["analytics"]["in_progress_by"], "u-1");
}
