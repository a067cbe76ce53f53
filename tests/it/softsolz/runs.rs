use super::{BASE, code, created, ended, manual, run, sandbox};
use crate::support::{TestHost, data};
use serde_json::json;

#[tokio::test]
async fn a_run_changes_the_invoices_and_tells_what_each_step_did() {
    let host = TestHost::start().await;
    let (tenant, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let shown = ended(&client, &run(&client, &id).await).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    assert_eq!(shown["id"], shown["run_id"]);
    assert_eq!(shown["workflow_id"], json!(id));
    assert_eq!(shown["trigger"], "manual");
    assert_eq!(shown["steps"][0]["status"], "completed");
    assert_eq!(shown["steps"][0]["output"]["marked"], 1, "{shown}");
    let invoices = data::rows(&host.operator, &tenant.test_base, "invoices").await;
    let states: Vec<&str> = invoices.values().filter_map(|i| i["status"].as_str()).collect();
    assert_eq!(states, ["overdue", "sent", "paid"]);
}

#[tokio::test]
async fn a_second_run_within_thirty_seconds_is_refused_and_at_thirty_allowed() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let first = run(&client, &id).await;
    host.advance_secs(29);
    let refused = client.post_empty(&format!("{BASE}/workflows/{id}/run")).await.expect(409);
    assert_eq!(code(&refused), "run_recently_started");
    assert_eq!(refused.json()["error"]["details"], json!({"retry_after_seconds": 1, "last_run_id": first}));
    assert_eq!(refused.header("retry-after"), "1");
    host.advance_secs(1);
    run(&client, &id).await;
}

#[tokio::test]
async fn the_same_idempotency_key_replays_the_first_answer_even_inside_the_window() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let path = format!("{BASE}/workflows/{id}/run");
    let first = client.post_once(&path, "key-1", &json!({})).await.expect(201);
    let again = client.post_once(&path, "key-1", &json!({})).await.expect(201);
    assert_eq!(first.text, again.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    let other = client.post_once(&path, "key-1", &json!({"x": 1})).await.expect(409);
    assert_eq!(code(&other), "idempotency_key_conflict");
    client.post_once(&path, "key-2", &json!({})).await.expect(409);
    host.advance_secs(25 * 3600);
    client.post_once(&path, "key-1", &json!({"x": 1})).await.expect(201);
    let runs = client.get(&format!("{BASE}/workflows/{id}/runs")).await.expect(200).json();
    assert_eq!(runs["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn two_creates_at_once_with_one_key_make_one_workflow() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let body = manual(json!([{"type": "mark_invoices_overdue"}]));
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, body) = (client.clone(), body.clone());
        tries.spawn(async move { client.post_once(&format!("{BASE}/workflows"), "same", &body).await });
    }
    let mut ids = std::collections::BTreeSet::new();
    while let Some(answer) = tries.join_next().await {
        let answer = answer.unwrap();
        assert!(matches!(answer.status, 201 | 409), "{}", answer.text);
        if answer.status == 201 {
            ids.insert(answer.json()["data"]["id"].to_string());
        }
    }
    assert_eq!(ids.len(), 1);
    let listed = client.get(&format!("{BASE}/workflows")).await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_runs_at_once_make_one_run() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let id = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, path) = (client.clone(), format!("{BASE}/workflows/{id}/run"));
        tries.spawn(async move { client.post_empty(&path).await.status });
    }
    let mut statuses: Vec<u16> = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_failing_step_fails_the_run_and_skips_the_rest() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    data::business(&host.operator, &tenant.base).await;
    // A live tenant without an SMTP server cannot send.
    let client = host.client(&tenant, "softsolz", super::SCOPES, "live").await;
    let body = manual(json!([
        {"type": "payments_summary"},
        {"type": "send_email", "config": {"to": "a@example.com", "subject": "s"}},
        {"type": "mark_invoices_overdue"},
    ]));
    let answer = client.post(&format!("{BASE}/workflows"), &body).await.expect(201).json();
    let shown = ended(&client, &run(&client, answer["data"]["id"].as_str().unwrap()).await).await;
    assert_eq!(shown["status"], "failed", "{shown}");
    let states: Vec<&str> = shown["steps"].as_array().unwrap().iter().filter_map(|s| s["status"].as_str()).collect();
    assert_eq!(states, ["completed", "failed", "skipped"]);
    assert_eq!(shown["error"]["code"], "mail_not_configured");
    assert_eq!(shown["error"]["step_index"], 1);
    let invoices = data::rows(&host.operator, &tenant.base, "invoices").await;
    assert_eq!(invoices["i1"]["status"], "sent");
    assert_eq!(host.operator.get(&format!("{}/outbox", tenant.base)).await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn runs_are_listed_over_all_workflows_and_filtered_by_status() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    let first = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let second = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    for workflow in [&first, &second] {
        ended(&client, &run(&client, workflow).await).await;
    }
    let count = |answer: crate::support::Answer| answer.expect(200).json()["data"].as_array().unwrap().len();
    assert_eq!(count(client.get(&format!("{BASE}/runs")).await), 2);
    assert_eq!(count(client.get(&format!("{BASE}/runs?status=completed")).await), 2);
    assert_eq!(count(client.get(&format!("{BASE}/runs?status=failed")).await), 0);
    assert_eq!(count(client.get(&format!("{BASE}/workflows/{first}/runs")).await), 1);
}
