use super::{EXECUTIONS, Stage, automation};
use crate::epilot::{edge, flow, manual, message, reason};
use serde_json::{Value, json};

#[tokio::test]
async fn an_execution_is_closed_with_its_reasons_and_reopened() {
    let stage = Stage::new().await;
    let (won, lost) = (reason(&stage.client, "won").await, reason(&stage.client, "lost").await);
    let mut body = flow("Closed");
    body["closing_reasons"] = json!([{"id": won}, {"id": lost}]);
    body["singleClosingReasonSelection"] = json!(true);
    let mut started = stage.start(&body).await;
    let configured = json!([{"id": won, "title": "won"}, {"id": lost, "title": "lost"}]);
    assert_eq!(started.shown["closing_reason"], json!({"configured_reasons": configured}));
    let close = |ids: &[&str]| {
        let selected: Vec<Value> = ids.iter().map(|id| json!({"id": id, "title": "sent"})).collect();
        json!({"status": "CLOSED", "closing_reason": {"selected_reasons": selected, "extra_description": "too dear"}})
    };
    for (wrong, said) in [
        (close(&[&won, &lost]), "only one closing reason may be selected".to_owned()),
        (close(&["moon"]), "'moon' is no configured closing reason".into()),
        (
            json!({"closing_reason": {"selected_reasons": [{}]}}),
            "closing_reason.selected_reasons[0].id is required".into(),
        ),
    ] {
        assert_eq!(message(&started.patch_all(wrong).await.expect(400)), said);
    }
    stage.host.advance_secs(5);
    let closed = started.patch_all(close(&[&lost])).await.expect(200).json();
    assert_eq!(
        (&closed["status"], &closed["analytics"]["closed_at"]),
        (&json!("CLOSED"), &json!("2026-11-22T09:00:05.000Z"))
    );
    assert!(closed["analytics"]["closed_by"].is_string());
    assert_eq!(
        closed["closing_reason"],
        json!({"configured_reasons": configured, "selected_reasons": [{"id": lost, "title": "lost"}], "extra_description": "too dear"})
    );
    assert_eq!(started.current(), ["a"]);
    let refused = started.patch_all(json!({"status": "DONE"})).await.expect(400);
    assert_eq!(message(&refused), "Invalid status transition from CLOSED to DONE");
    let open = started.patch_all(json!({"status": "STARTED"})).await.expect(200).json();
    assert_eq!(
        (&open["status"], &open["closing_reason"]),
        (&json!("STARTED"), &json!({"configured_reasons": configured}))
    );
    assert!(open["analytics"].get("closed_at").is_none() && open["analytics"].get("closed_by").is_none());
    started.complete("a").await;
    assert_eq!(started.current(), ["b"]);
}

#[tokio::test]
async fn everything_of_a_closed_execution_is_left_alone() {
    let stage = Stage::new().await;
    let mut body = flow("Closed");
    let mut later = automation("later", "f");
    later["schedule"] = json!({"mode": "delayed", "duration": 1, "unit": "hours"});
    body["tasks"] = json!([manual("a"), manual("b"), later]);
    body["edges"] = json!([edge("a", "b")]);
    body["phases"] = json!([{"id": "p", "name": "p"}]);
    body["tasks"][0]["phase_id"] = json!("p");
    let mut started = stage.start(&body).await;
    let schedule = started.task("later")["schedule"]["schedule_id"].as_str().expect("armed").to_owned();
    started.patch_all(json!({"status": "CLOSED"})).await.expect(200);
    assert!(started.task("later")["schedule"].get("scheduled_at").is_none(), "{}", started.shown);
    let before = started.shown.clone();
    let add = json!({"previous_task_id": started.node("a"), "next_task_id": started.node("b"), "task": {"name": "n"}});
    let (tasks, phase) =
        (format!("{}/tasks", started.path()), format!("{}/phases/{}", started.path(), started.node("p")));
    let (a, later) = (started.at("a"), started.at("later"));
    for refused in [
        stage.client.json("PATCH", &a, &json!({"name": "Other"})).await,
        stage.client.json("PATCH", &a, &json!({"status": "COMPLETED"})).await,
        stage.client.json("PATCH", &phase, &json!({"name": "Other"})).await,
        stage.client.post(&tasks, &add).await,
        stage.client.post_empty(&format!("{a}/execute")).await,
        stage.client.post_empty(&format!("{later}/automation:run")).await,
        stage.client.post_empty(&format!("{later}/schedule/run-now")).await,
        stage.client.delete(&format!("{later}/schedule")).await,
        stage.client.post_empty(&format!("{}/schedules/{schedule}", started.path())).await,
    ] {
        assert_eq!((refused.status, message(&refused).as_str()), (400, "Execution is closed"));
    }
    assert_eq!(*started.reload().await, before);
    // The hour is over, and nothing has run; reopened, it is waited for anew.
    stage.host.advance_secs(7_200);
    started.patch_all(json!({"status": "STARTED"})).await.expect(200);
    assert_eq!(started.task("later")["schedule"]["scheduled_at"], "2026-11-22T12:00:00.000Z");
}

#[tokio::test]
async fn a_done_execution_takes_no_other_change_of_its_tasks_than_a_patch() {
    let stage = Stage::new().await;
    let mut started = stage.start(&flow("Done")).await;
    started.patch_all(json!({"status": "DONE"})).await.expect(200);
    assert_eq!((started.status("a"), started.current()), ("PENDING", vec!["a"]));
    for refused in [
        stage.client.post_empty(&format!("{}/execute", started.at("a"))).await,
        stage
            .client
            .post(
                &format!("{}/tasks", started.path()),
                &json!({"previous_task_id": started.node("a"), "task": {"name": "n"}}),
            )
            .await,
    ] {
        assert_eq!((refused.status, message(&refused).as_str()), (400, "Execution is done"));
    }
    started.patch("a", json!({"name": "Renamed"})).await.expect(200);
}

#[tokio::test]
async fn contexts_assignees_and_due_dates_of_an_execution_are_patched() {
    let stage = Stage::new().await;
    stage.contact("c-2", json!({"owner": "u-7"})).await;
    let mut started = stage.start(&flow("Patched")).await;
    let both = json!([{"entity_id": "c-1", "entity_schema": "contact"}, {"entity_id": "c-2", "entity_schema": "contact", "is_primary": true}]);
    let shown = started.patch_all(json!({"contexts": both, "assigned_to": [{"variable": "{{entity.owner}}"}]})).await;
    let shown = shown.expect(200).json();
    assert_eq!(shown["contexts"][0], json!({"entity_id": "c-1", "entity_schema": "contact", "is_primary": false}));
    assert_eq!(shown["assigned_to"], json!([{"variable": "{{entity.owner}}", "value": ["u-7"]}]));
    let search = json!({"entity_id": "c-2", "entity_schema": "contact"});
    let found = stage.client.post(&format!("{EXECUTIONS}:search"), &search).await.expect(200).json();
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    let config = json!({"duration": 3, "unit": "days", "type": "WORKFLOW_STARTED"});
    let shown = started.patch_all(json!({"due_date_config": config})).await.expect(200).json();
    assert_eq!((&shown["due_date"], &shown["due_date_config"]), (&json!("2026-11-25T00:00:00.000"), &config));
    // The date beats the rule.
    let shown = started.patch_all(json!({"due_date": "2027-01-01T00:00:00.000", "due_date_config": config})).await;
    assert_eq!(shown.expect(200).json()["due_date"], "2027-01-01T00:00:00.000");
    let before = started.shown.clone();
    for (patch, said) in [
        (json!({"status": "OPEN"}), "status must be one of STARTED, DONE, CLOSED"),
        (json!({"contexts": []}), "contexts must have at least one entry"),
        (
            json!({"contexts": [{"entity_id": "c-9", "entity_schema": "contact"}]}),
            "contexts[0]: Invalid entity context (entity not found)",
        ),
        (json!({"assigned_to": [""]}), "assigned_to[0] must be a user id or {\"variable\": …}"),
        (
            json!({"due_date": 5}),
            "due_date must be a date-time, for example 2026-05-28T00:00:00.000 or 2026-05-28T09:30:00Z",
        ),
        (json!({"closing_reason": []}), "closing_reason must be an object"),
        (json!("x"), "body must be an object"),
    ] {
        let refused = started.patch_all(patch.clone()).await;
        assert_eq!((refused.status, message(&refused).as_str()), (400, said), "{patch}");
        assert_eq!(started.shown, before);
    }
    let nulls =
        json!({"status": null, "contexts": null, "assigned_to": null, "due_date": null, "closing_reason": null});
    let shown = started.patch_all(nulls).await.expect(200).json();
    assert_eq!((&shown["due_date"], &shown["contexts"]), (&before["due_date"], &before["contexts"]));
}

#[tokio::test]
async fn a_phase_is_patched_and_its_status_follows_its_tasks() {
    let stage = Stage::new().await;
    let mut body = flow("Phases");
    body["phases"] = json!([{"id": "p", "name": "First"}, {"id": "q", "name": "Second"}]);
    body["tasks"][0]["phase_id"] = json!("p");
    body["tasks"][1]["phase_id"] = json!("q");
    body["edges"] = json!([edge("p", "q")]);
    let mut started = stage.start(&body).await;
    let path = format!("{}/phases/{}", started.path(), started.node("q"));
    let patch =
        json!({"name": "Last", "due_date": "2026-12-24T00:00:00.000", "assigned_to": ["u-3"], "status": "COMPLETED"});
    let phase = stage.client.json("PATCH", &path, &patch).await.expect(200).json();
    assert_eq!(
        (&phase["name"], &phase["due_date"], &phase["assigned_to"], &phase["status"], &phase["template_id"]),
        (&json!("Last"), &json!("2026-12-24T00:00:00.000"), &json!(["u-3"]), &json!("OPEN"), &json!("q"))
    );
    started.complete("a").await;
    let statuses: Vec<&str> =
        started.shown["phases"].as_array().unwrap().iter().map(|p| p["status"].as_str().unwrap()).collect();
    assert_eq!((statuses, started.current()), (vec!["COMPLETED", "OPEN"], vec!["b"]));
    assert!(started.shown["phases"][0]["analytics"]["completed_at"].is_string());
    let unknown = format!("{}/phases/nobodys", started.path());
    assert_eq!(message(&stage.client.json("PATCH", &unknown, &patch).await.expect(404)), "Phase not found");
    let refused = stage.client.json("PATCH", &path, &json!({"name": " "})).await.expect(400);
    assert_eq!(message(&refused), "name must be a text of 1 to 255 characters");
}
