use super::{BASE, code, ended, fields, made, member, node, on_deals, put, with};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

async fn advance(client: &Client, id: &str, body: &Value) -> crate::support::Answer {
    client.post(&format!("{BASE}/applications/{id}/advance-stage"), body).await
}

#[tokio::test]
async fn an_application_goes_along_the_line_one_stage_at_a_time_and_ends_funded() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({"merchant": "m-1"})).await;
    let line =
        ["draft", "submission", "scrubbing", "underwriting", "offerOut", "contractsRequest", "approved", "funded"];
    for pair in line.windows(2) {
        let answer = advance(&client, "app-1", &json!({})).await.expect(200).json();
        assert_eq!(
            answer,
            json!({"applicationId": "app-1", "previousStage": pair[0], "stage": pair[1], "executionIds": [],
                "message": format!("Application advanced to \"{}\"", pair[1])})
        );
    }
    let refused = advance(&client, "app-1", &json!({})).await.expect(409);
    assert_eq!(code(&refused), "CONFLICT");
    let entity = format!("{}/entities/application/app-1", tenant.base);
    let shown = host.operator.get(&entity).await.expect(200).json();
    assert_eq!((&shown["attributes"], &shown["version"]), (&json!({"merchant": "m-1", "stage": "funded"}), &json!(8)));
    let history = host.operator.get(&format!("{entity}/history")).await.expect(200).json();
    let walked: Vec<(String, u64)> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["to"].as_str().unwrap().to_owned(), line["version"].as_u64().unwrap()))
        .collect();
    let expected: Vec<(String, u64)> = line[1..].iter().map(ToString::to_string).zip(2..).collect();
    assert_eq!(walked, expected);
    assert_eq!(
        (&history["data"][0]["action"], &history["data"][0]["from"]),
        (&json!("stage_changed"), &json!("draft"))
    );
    assert!(history["data"][0]["actor"].as_str().unwrap().starts_with("key:"));
}

#[tokio::test]
async fn stages_may_be_skipped_and_the_line_left_but_never_gone_back() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({"stage": "scrubbing"})).await;
    let done =
        advance(&client, "app-1", &json!({"targetStage": "approved", "reason": "known"})).await.expect(200).json();
    assert_eq!((&done["previousStage"], &done["stage"]), (&json!("scrubbing"), &json!("approved")));
    for (stage, status) in [("approved", 409), ("draft", 409), ("withdrawn", 200), ("declined", 409), ("funded", 409)] {
        let answer = advance(&client, "app-1", &json!({ "stage": stage })).await;
        assert_eq!(answer.status, status, "{stage}: {}", answer.text);
    }
    put(&host, &tenant, "application", "app-2", &json!({"stage": "on the moon"})).await;
    assert_eq!(code(&advance(&client, "app-2", &json!({})).await.expect(409)), "CONFLICT");
    assert_eq!(code(&advance(&client, "nobody", &json!({})).await.expect(404)), "NOT_FOUND");
    // Nothing was told of what was refused.
    let history = format!("{}/entities/application/app-1/history", tenant.base);
    assert_eq!(host.operator.get(&history).await.expect(200).json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bodies_that_break_rules_are_422_with_their_fields() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    for (call, body, broken) in [
        ("change-status", json!({}), vec!["status"]),
        ("change-status", json!({"status": 7, "reason": []}), vec!["status", "reason"]),
        ("change-status", json!({"newStatus": "x".repeat(65)}), vec!["newStatus"]),
        ("change-status", json!([]), vec!["body"]),
        ("advance-stage", json!({"stage": "moon"}), vec!["stage"]),
        ("advance-stage", json!({"targetStage": 5}), vec!["targetStage"]),
        ("assign-underwriter", json!({}), vec!["underwriterId"]),
        ("assign-underwriter", json!({"userId": "", "note": 1}), vec!["userId", "note"]),
    ] {
        let refused = client.post(&format!("{BASE}/applications/app-1/{call}"), &body).await.expect(422);
        assert_eq!(code(&refused), "VALIDATION_ERROR");
        assert_eq!(fields(&refused), broken, "{call} {body}");
        let json = [("content-type", "application/json")];
        let path = format!("{BASE}/applications/app-1/{call}");
        client.send("POST", &path, &json, Some(b"{".to_vec())).await.expect(400);
    }
    // No body is one without a target.
    client.post_empty(&format!("{BASE}/applications/app-1/advance-stage")).await.expect(200);
}

#[tokio::test]
async fn the_status_is_any_text_unless_the_tenant_has_a_list() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    let path = format!("{BASE}/applications/app-1/change-status");
    let done = client.post(&path, &json!({"status": "Documents out"})).await.expect(200).json();
    assert_eq!((&done["previousStatus"], &done["status"]), (&Value::Null, &json!("Documents out")));
    let settings = json!({"applications": {"statuses": ["new", "review"]}});
    host.operator.json("PATCH", &format!("{}/settings", tenant.base), &settings).await.expect(200);
    let refused = client.post(&path, &json!({"status": "other"})).await.expect(422);
    assert_eq!(fields(&refused), ["status"]);
    let done = client.post(&path, &json!({"newStatus": "review"})).await.expect(200).json();
    assert_eq!((&done["previousStatus"], &done["status"]), (&json!("Documents out"), &json!("review")));
}

#[tokio::test]
async fn an_underwriter_is_assigned_under_a_scope_of_its_own() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    let path = format!("{BASE}/applications/app-1/assign-underwriter");
    let done = client.post(&path, &json!({"underwriterId": "u-1", "note": "knows them"})).await.expect(200).json();
    assert_eq!(
        done,
        json!({"applicationId": "app-1", "previousUnderwriterId": null, "underwriterId": "u-1", "executionIds": [],
            "message": "Application assigned to \"u-1\""})
    );
    let done = client.post(&path, &json!({"userId": "u-2"})).await.expect(200).json();
    assert_eq!(done["previousUnderwriterId"], "u-1");
}

#[tokio::test]
async fn a_change_starts_the_workflows_that_wait_for_it_in_the_same_commit() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({"stage": "underwriting"})).await;
    let waits = |name: &str, event: &str, conditions: Value| {
        let show = node("show", "show_call", &json!({}));
        let trigger = json!({"kind": "event", "event": event, "conditions": conditions});
        with(on_deals(name, &[show]), json!({"trigger": trigger, "entity_type": "application"}))
    };
    for (name, event, conditions) in [
        ("Any stage", "application.stage_changed", json!({})),
        ("Offer out", "application.stage_changed", json!({"stage": ["offerOut", "approved"]})),
        ("Funded", "application.stage_changed", json!({"stage": "funded"})),
        ("Everything", "application.*", json!({})),
        ("Status", "application.status_changed", json!({})),
        ("Deals", "deal.updated", json!({})),
    ] {
        made(&host, &tenant, &client, &waits(name, event, conditions)).await;
    }
    let started = async |answer: Value| {
        let mut names = Vec::new();
        for id in answer["executionIds"].as_array().unwrap() {
            let done = ended(&client, id.as_str().unwrap()).await;
            assert_eq!(
                (&done["triggeredBy"], &done["entityType"], &done["entityId"]),
                (&json!("event"), &json!("application"), &json!("app-1"))
            );
            assert_eq!(done["status"], "completed", "{done}");
            names.push((done["workflowName"].as_str().unwrap().to_owned(), done));
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        names
    };
    let answer = advance(&client, "app-1", &json!({"reason": "numbers"})).await.expect(200).json();
    let found = started(answer).await;
    assert_eq!(
        found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Any stage", "Everything", "Offer out"]
    );
    let event = &found[0].1["nodes"][0]["result"]["trigger"]["event"];
    assert_eq!(event["type"], "application.stage_changed");
    assert_eq!(
        (&event["data"]["previousStage"], &event["data"]["stage"]),
        (&json!("underwriting"), &json!("offerOut"))
    );
    assert_eq!(event["data"]["reason"], "numbers");
    let path = format!("{BASE}/applications/app-1");
    let answer = client.post(&format!("{path}/change-status"), &json!({"status": "s"})).await.expect(200).json();
    let names: Vec<String> = started(answer).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Everything", "Status"]);
    let answer = client.post(&format!("{path}/assign-underwriter"), &json!({"userId": "u"})).await.expect(200).json();
    assert_eq!(started(answer).await.len(), 1);
    let total = client.get(&format!("{BASE}/workflows/executions")).await.expect(200).json()["total"].clone();
    assert_eq!(total, 6, "nothing is started twice");
}

#[tokio::test]
async fn of_two_who_advance_to_one_stage_at_once_one_wins_every_time() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    for round in 0..100 {
        let id = format!("app-{round}");
        put(&host, &tenant, "application", &id, &json!({"stage": "draft"})).await;
        let body = json!({"stage": "submission"});
        let (a, b) = tokio::join!(advance(&client, &id, &body), advance(&client, &id, &body));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
        let history = format!("{}/entities/application/{id}/history", tenant.base);
        let lines = host.operator.get(&history).await.expect(200).json()["data"].as_array().unwrap().len();
        assert_eq!(lines, 1);
    }
}

#[tokio::test]
async fn an_idempotency_key_advances_once() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    let path = format!("{BASE}/applications/app-1/advance-stage");
    let first = client.post_once(&path, "k", &json!({})).await.expect(200);
    let again = client.post_once(&path, "k", &json!({})).await.expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(code(&client.post_once(&path, "k", &json!({"reason": "x"})).await.expect(409)), "CONFLICT");
    let other = client.post_once(&path, "other", &json!({})).await.expect(200).json();
    assert_eq!(other["previousStage"], "submission");
}
