//! Two who want the same thing at the same time.

use super::{Execution, Stage, automation};
use crate::epilot::{edge, flow, manual};
use crate::support::eventually;
use serde_json::{Value, json};
use std::time::Duration;

const TRIES: usize = 100;

fn later() -> Value {
    let mut body = flow("Racing");
    let mut task = automation("auto", "auto");
    task["schedule"] = json!({"mode": "delayed", "duration": 1, "unit": "hours"});
    body["tasks"] = json!([task, manual("b")]);
    body["edges"] = json!([edge("auto", "b")]);
    body
}

async fn start_all(stage: &Stage) -> Vec<Execution<'_>> {
    let first = stage.start(&later()).await;
    let ask = json!({"flow_template_id": first.shown["flow_template_id"],
        "contexts": [{"entity_id": "c-1", "entity_schema": "contact"}]});
    let mut all = vec![first];
    for _ in 1..TRIES {
        let shown = stage.client.post(super::EXECUTIONS, &ask).await.expect(201).json();
        all.push(Execution { stage, id: shown["id"].as_str().unwrap().to_owned(), shown });
    }
    all
}

/// Sends one request for every execution while the timers of all fire.
async fn race(
    stage: &Stage,
    all: &[Execution<'_>],
    method: &'static str,
    path: impl Fn(&Execution<'_>) -> String,
    body: Option<Value>,
) -> Vec<u16> {
    let requests: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(n, execution)| {
            let (client, path) = (stage.client.clone(), path(execution));
            let body = body.as_ref().map(|body| body.to_string().into_bytes());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_micros(n as u64 * 300)).await;
                client.send(method, &path, &[("content-type", "application/json")], body).await.status
            })
        })
        .collect();
    // Some come before it, some after, and most while the timers fire one after another.
    tokio::time::sleep(Duration::from_millis(5)).await;
    stage.host.advance_secs(3_600);
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap());
    }
    statuses
}

async fn settled(stage: &Stage, execution: &mut Execution<'_>) {
    let path = execution.path();
    execution.shown = eventually("the automation's end", || async {
        let shown = stage.client.get(&path).await.expect(200).json();
        let task = &shown["tasks"][0];
        let over = matches!(task["status"].as_str(), Some("COMPLETED" | "SKIPPED"));
        let running =
            matches!(task["automation_config"]["execution_status"].as_str(), Some("starting" | "in_progress"));
        (over && !running).then_some(shown)
    })
    .await;
}

#[tokio::test]
async fn of_a_cancellation_and_a_firing_timer_exactly_one_wins() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    let mut all = start_all(&stage).await;
    let statuses = race(&stage, &all, "DELETE", |e| format!("{}/schedule", e.at("auto")), None).await;
    let mut cancelled = 0;
    for (status, execution) in statuses.into_iter().zip(&mut all) {
        settled(&stage, execution).await;
        let ran = execution.task("auto").get("automation_execution_id").is_some();
        match status {
            204 => assert_eq!((execution.status("auto"), ran), ("SKIPPED", false)),
            400 => assert_eq!((execution.status("auto"), ran), ("COMPLETED", true)),
            other => panic!("{other}"),
        }
        assert_eq!(execution.current(), ["b"]);
        cancelled += usize::from(status == 204);
    }
    eprintln!("{cancelled} of {TRIES} cancellations were faster than the timer");
}

#[tokio::test]
async fn of_a_patch_and_a_firing_timer_exactly_one_uses_the_schedule() {
    let stage = Stage::new().await;
    stage.automation("auto").await;
    let mut all = start_all(&stage).await;
    let statuses = race(&stage, &all, "PATCH", |e| e.at("auto"), Some(json!({"status": "ON_HOLD"}))).await;
    let mut faster = 0;
    for (status, execution) in statuses.into_iter().zip(&mut all) {
        let path = execution.path();
        execution.shown = eventually("the end of what runs", || async {
            let shown = stage.client.get(&path).await.expect(200).json();
            let running = shown["tasks"][0]["automation_config"]["execution_status"].as_str();
            (!matches!(running, Some("starting" | "in_progress"))).then_some(shown)
        })
        .await;
        let ran = execution.task("auto").get("automation_execution_id").is_some();
        match (status, ran) {
            // The patch has cancelled the schedule, so that nothing has run.
            (200, false) => faster += 1,
            // The timer was first, and the patch has put the task aside while it ran, or came too late for that.
            (200, true) | (400, true) => {}
            other => panic!("{other:?} {}", execution.shown),
        }
        let expected = if status == 200 { ("ON_HOLD", vec!["auto"]) } else { ("COMPLETED", vec!["b"]) };
        assert_eq!((execution.status("auto"), execution.current()), expected);
        assert!(execution.task("auto")["schedule"].get("schedule_id").is_none());
    }
    eprintln!("{faster} of {TRIES} patches were faster than the timer");
}

#[tokio::test]
async fn of_many_patches_at_the_same_time_none_is_lost() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Patched")).await;
    let patches: Vec<_> = [
        ("name", json!("Named")),
        ("assigned_to", json!(["u-5"])),
        ("due_date", json!("2026-12-24T00:00:00.000")),
        ("description", json!({"value": "text"})),
        ("partner", json!({"label": "p"})),
        ("status", json!("IN_PROGRESS")),
    ]
    .into_iter()
    .map(|(member, value)| {
        let (client, path) = (stage.client.clone(), started.at("a"));
        tokio::spawn(async move {
            client.json("PATCH", &path, &json!({ member: value })).await.expect(200);
            (member, value)
        })
    })
    .collect();
    let mut done = Vec::new();
    for patch in patches {
        done.push(patch.await.unwrap());
    }
    started.reload().await;
    for (member, value) in done {
        assert_eq!(started.task("a")[member], value, "{member}");
    }
}
