use super::{BASE, code, created, ended, manual, run, sandbox};
use crate::support::TestHost;
use serde_json::{Value, json};

#[tokio::test]
async fn the_seeds_body_is_accepted_in_both_spellings_and_answered_in_one() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let short =
        json!({"name": "Daily overdue sweep", "schedule": "0 9 * * *", "steps": [{"type": "mark_invoices_overdue"}]});
    let long = json!({"name": "Daily overdue sweep", "trigger_type": "schedule", "cron_expression": "0 9 * * *",
        "steps": [{"step_type": "mark_invoices_overdue", "step_config": {}}]});
    for body in [short, long] {
        let shown = client.post(&format!("{BASE}/workflows"), &body).await.expect(201).json()["data"].clone();
        assert_eq!(shown["cron_expression"], "0 9 * * *");
        assert_eq!(shown["trigger_type"], "schedule");
        assert_eq!(shown["steps"][0]["step_type"], "mark_invoices_overdue");
        assert_eq!(shown["timezone"], "UTC");
        assert_eq!(shown["visibility"], "tenant");
        assert!(shown["next_run_at"].as_str().is_some_and(|at| at.ends_with("T09:00:00Z")), "{shown}");
        assert!(shown["steps"][0].get("type").is_none());
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once_with_field_and_rule() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let body = json!({"name": " ", "cron_expression": "61 * * * *", "timezone": "Mars/Olympus", "status": "sleeping",
        "visibility": "shared", "steps": [{"step_type": "teleport"}, {"step_type": "send_email", "step_config": {"to": "x"}}]});
    let answer = client.post(&format!("{BASE}/workflows"), &body).await.expect(400);
    assert_eq!(code(&answer), "validation_failed");
    let fields = answer.json()["error"]["details"]["fields"].clone();
    let named: Vec<&str> = fields.as_array().expect("fields").iter().filter_map(|f| f["field"].as_str()).collect();
    for part in ["name", "timezone", "status", "visibility", "steps[0]"] {
        assert!(named.iter().any(|n| n.contains(part)), "{part} is missing in {named:?}");
    }
}

#[tokio::test]
async fn bodies_that_break_one_rule_are_refused() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let summary = json!({"step_type": "payments_summary"});
    let email = json!({"step_type": "send_email", "step_config": {"to": "a@example.com", "subject": "s"}});
    let sweep = json!({"step_type": "mark_invoices_overdue"});
    let cases: Vec<(&str, Value)> = vec![
        ("no steps", manual(json!([]))),
        ("a summary nobody delivers", manual(json!([summary]))),
        (
            "a summary behind the last delivery",
            manual(json!([{"step_type": "create_notification", "step_config": {"title": "t"}}, summary])),
        ),
        ("a mail without anything to say", manual(json!([email]))),
        ("51 steps", manual(Value::Array(vec![sweep.clone(); 51]))),
        ("a schedule without cron", json!({"name": "n", "steps": [sweep]})),
        (
            "manual with cron",
            json!({"name": "n", "trigger_type": "manual", "cron_expression": "* * * * *", "steps": [sweep]}),
        ),
        (
            "both spellings that differ",
            json!({"name": "n", "schedule": "0 9 * * *", "cron_expression": "0 8 * * *", "steps": [sweep]}),
        ),
        ("a date that never comes", json!({"name": "n", "schedule": "0 0 30 2 *", "steps": [sweep]})),
        ("six cron fields", json!({"name": "n", "schedule": "0 0 9 * * *", "steps": [sweep]})),
        ("121 characters of name", json!({"name": "x".repeat(121), "trigger_type": "manual", "steps": [sweep]})),
        (
            "a config of the wrong type",
            manual(json!([{"step_type": "mark_invoices_overdue", "step_config": {"grace_days": "x"}}])),
        ),
        (
            "a header injection",
            manual(
                json!([summary, {"step_type": "send_email", "step_config": {"to": "a@example.com", "subject": "a\r\nBcc: x@example.com"}}]),
            ),
        ),
        ("no object", json!([1, 2])),
    ];
    for (what, body) in cases {
        let answer = client.post(&format!("{BASE}/workflows"), &body).await;
        assert_eq!((answer.status, code(&answer).as_str()), (400, "validation_failed"), "{what}: {}", answer.text);
    }
    let fits = manual(Value::Array(vec![json!({"step_type": "mark_invoices_overdue"}); 50]));
    client.post(&format!("{BASE}/workflows"), &fits).await.expect(201);
}

#[tokio::test]
async fn a_partial_put_changes_what_it_names_and_is_checked_as_a_whole() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let body =
        json!({"name": "n", "description": "d", "schedule": "0 9 * * *", "steps": [{"type": "mark_invoices_overdue"}]});
    let id = created(&client, &body).await;
    let path = format!("{BASE}/workflows/{id}");
    let shown = client.json("PUT", &path, &json!({"name": "m"})).await.expect(200).json()["data"].clone();
    assert_eq!(
        (&shown["name"], &shown["description"], &shown["cron_expression"]),
        (&json!("m"), &json!("d"), &json!("0 9 * * *"))
    );
    let shown = client.json("PUT", &path, &json!({"description": null})).await.expect(200).json()["data"].clone();
    assert_eq!(shown["description"], Value::Null);
    // A change that leaves a summary undelivered breaks the pairing rule.
    client.json("PUT", &path, &json!({"steps": [{"step_type": "payments_summary"}]})).await.expect(400);
    // Manual needs the cron expression gone.
    client.json("PUT", &path, &json!({"trigger_type": "manual"})).await.expect(400);
    let shown =
        client.json("PUT", &path, &json!({"trigger_type": "manual", "cron_expression": null})).await.expect(200);
    assert_eq!(shown.json()["data"]["next_run_at"], Value::Null);
}

#[tokio::test]
async fn pause_and_resume_are_idempotent_and_a_paused_workflow_does_not_run() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    for _ in 0..2 {
        let shown = client.post_empty(&format!("{BASE}/workflows/{id}/pause")).await.expect(200).json();
        assert_eq!(shown["data"]["status"], "paused");
    }
    let refused = client.post_empty(&format!("{BASE}/workflows/{id}/run")).await.expect(409);
    assert_eq!(code(&refused), "workflow_paused");
    for _ in 0..2 {
        client.post_empty(&format!("{BASE}/workflows/{id}/resume")).await.expect(200);
    }
    run(&client, &id).await;
}

#[tokio::test]
async fn a_deleted_workflow_is_gone_but_its_runs_stay() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let first = run(&client, &id).await;
    ended(&client, &first).await;
    client.delete(&format!("{BASE}/workflows/{id}")).await.expect(204);
    client.get(&format!("{BASE}/workflows/{id}")).await.expect(404);
    client.post_empty(&format!("{BASE}/workflows/{id}/run")).await.expect(404);
    assert_eq!(client.get(&format!("{BASE}/runs/{first}")).await.expect(200).json()["data"]["workflow_id"], json!(id));
}

#[tokio::test]
async fn lists_are_paged_by_offset_newest_first() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    for number in 0..5 {
        host.advance_secs(1);
        let body = json!({"name": format!("w{number}"), "trigger_type": "manual", "steps": [{"type": "mark_invoices_overdue"}]});
        created(&client, &body).await;
    }
    let page = client.get(&format!("{BASE}/workflows?limit=2&offset=1")).await.expect(200).json();
    let names: Vec<&str> = page["data"].as_array().unwrap().iter().filter_map(|w| w["name"].as_str()).collect();
    assert_eq!(names, ["w3", "w2"]);
    assert_eq!(page["meta"], json!({"limit": 2, "offset": 1, "has_more": true}));
    let clamped = client.get(&format!("{BASE}/workflows?limit=1000")).await.expect(200).json();
    assert_eq!(clamped["meta"]["limit"], 100);
    for wrong in ["limit=x", "offset=-1", "limit=0.5"] {
        client.get(&format!("{BASE}/workflows?{wrong}")).await.expect(400);
    }
}

#[tokio::test]
async fn the_catalogue_shows_eight_steps_with_schemas_and_categories() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let items = client.get(&format!("{BASE}/action-catalog")).await.expect(200).json()["data"].clone();
    let items = items.as_array().expect("items");
    assert_eq!(items.len(), 8);
    for item in items {
        assert_eq!(item["config_schema"]["type"], "object", "{item}");
        let summary = item["category"] == "summary";
        assert_eq!(item["requires_delivery"], json!(summary), "{item}");
    }
}
