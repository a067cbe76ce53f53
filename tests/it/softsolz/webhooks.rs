use super::{created, ended, manual, run};
use crate::support::sink::{Received, Sink};
use crate::support::{TestHost, data, eventually};
use serde_json::{Value, json};

fn kinds(received: &[Received]) -> Vec<String> {
    received
        .iter()
        .map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn events_arrive_signed_in_order_and_are_retried_with_the_same_id() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let tenant = host.tenant().await;
    data::business(&host.operator, &tenant.base).await;
    host.allow_private_webhooks(&tenant.base).await;
    let sink = Sink::start().await;
    sink.answer_next(&[500]);
    let endpoint = json!({"dialect": "softsolz", "url": format!("{}/hook", sink.url), "events": []});
    let endpoint =
        host.operator.post(&format!("{}/webhook-endpoints", tenant.base), &endpoint).await.expect(201).json();
    let secret = endpoint["secret"].as_str().expect("secret").to_owned();
    let client = host.client(&tenant, "softsolz", super::SCOPES, "live").await;
    let steps = json!([{"type": "payments_summary"}, {"type": "send_email", "config": {"to": "a@example.com", "subject": "s"}}]);
    let id = created(&client, &manual(steps)).await;
    ended(&client, &run(&client, &id).await).await;
    host.first_delivery_tried(&tenant.base).await;
    host.advance_secs(6);
    let received = eventually("all events", || async {
        let received = sink.received();
        (received.len() >= 4).then_some(received)
    })
    .await;
    // No SMTP server: the second step fails.
    assert_eq!(
        kinds(&received),
        ["workflows.run.started", "workflows.run.started", "workflows.step.failed", "workflows.run.failed"]
    );
    let ids: Vec<Value> =
        received.iter().map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["id"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].as_str().unwrap().starts_with("evt_"));
    for request in &received {
        let header = request.headers["softsolz-signature"].to_str().unwrap();
        host.check_softsolz_signature(header, &request.body, &secret);
    }
    let log = format!("{}/webhook-endpoints/{}/deliveries", tenant.base, endpoint["id"].as_str().unwrap());
    let log = eventually("the log", || async {
        let log = host.operator.get(&log).await.expect(200).json();
        let all = log["data"].as_array().unwrap().iter().all(|d| d["state"] == "delivered");
        all.then_some(log)
    })
    .await;
    let attempts: Vec<u64> = log["data"].as_array().unwrap().iter().filter_map(|d| d["attempts"].as_u64()).collect();
    assert_eq!(attempts.iter().sum::<u64>(), 4, "{log}");
}

#[tokio::test]
async fn a_gone_endpoint_is_disabled_and_a_private_one_refused() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let tenant = host.tenant().await;
    let sink = Sink::start().await;
    let endpoint =
        json!({"dialect": "softsolz", "url": format!("{}/hook", sink.url), "events": ["workflows.run.completed"]});
    let path = format!("{}/webhook-endpoints", tenant.test_base);
    let id = host.operator.post(&path, &endpoint).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let client = host.client(&tenant, "softsolz", super::SCOPES, "test").await;
    let workflow = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    ended(&client, &run(&client, &workflow).await).await;
    let deliveries = format!("{path}/{id}/deliveries");
    let refused = eventually("the refusal", || async {
        let log = host.operator.get(&deliveries).await.expect(200).json();
        log["data"][0]["last_response"].as_str().map(str::to_owned)
    })
    .await;
    assert!(sink.received().is_empty(), "loopback is private: {refused}");
    host.allow_private_webhooks(&tenant.test_base).await;
    sink.answer_next(&[410]);
    host.advance_secs(60);
    ended(&client, &run(&client, &workflow).await).await;
    eventually("the endpoint's end", || async {
        let shown = host.operator.get(&path).await.expect(200).json();
        (shown["data"][0]["enabled"] == json!(false)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let tenant = host.tenant().await;
    host.allow_private_webhooks(&tenant.test_base).await;
    let sink = Sink::start().await;
    let endpoint = json!({"dialect": "softsolz", "url": sink.url, "events": ["workflows.run.completed"]});
    let path = format!("{}/webhook-endpoints", tenant.test_base);
    let made = host.operator.post(&path, &endpoint).await.expect(201).json();
    let rotated = host
        .operator
        .post(&format!("{path}/{}/rotate-secret", made["id"].as_str().unwrap()), &json!({}))
        .await
        .expect(200)
        .json();
    let client = host.client(&tenant, "softsolz", super::SCOPES, "test").await;
    let workflow = created(&client, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    ended(&client, &run(&client, &workflow).await).await;
    let received = eventually("the event", || async { sink.received().into_iter().next() }).await;
    let header = received.headers["softsolz-signature"].to_str().unwrap();
    for secret in [&made["secret"], &rotated["secret"]] {
        host.check_softsolz_signature(header, &received.body, secret.as_str().unwrap());
    }
}
