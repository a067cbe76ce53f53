use super::{BASE, ended, made, member, on_deals, put, triggered, with};
use crate::support::host::Tenant;
use crate::support::sink::{Received, Sink};
use crate::support::{TestHost, eventually};
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

async fn endpoint(host: &TestHost, tenant: &Tenant, sink: &Sink, events: Value) -> String {
    host.allow_private_webhooks(&tenant.base).await;
    let body = json!({"dialect": "smartmca", "url": format!("{}/hook", sink.url), "events": events});
    let made = host.operator.post(&format!("{}/webhook-endpoints", tenant.base), &body).await.expect(201).json();
    made["secret"].as_str().unwrap().to_owned()
}

async fn received(sink: &Sink, count: usize) -> Vec<Received> {
    eventually("the webhooks", || async {
        let received = sink.received();
        (received.len() >= count).then_some(received)
    })
    .await
}

fn body(received: &Received) -> Value {
    serde_json::from_slice(&received.body).unwrap()
}

/// As the published guide checks it.
fn check(received: &Received, secret: &str) {
    let header = |name: &str| received.headers[name].to_str().unwrap().to_owned();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.", header("x-smartmca-timestamp")).as_bytes());
    mac.update(&received.body);
    let code: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(header("x-smartmca-signature"), format!("sha256={code}"));
    assert_eq!(header("x-smartmca-event-id"), body(received)["eventId"].as_str().unwrap());
}

#[tokio::test]
async fn ends_of_executions_are_told_signed_and_with_the_same_id_again() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let sink = Sink::start().await;
    sink.answer_next(&[500]);
    let secret = endpoint(&host, &tenant, &sink, json!([])).await;
    let (_, works) = made(&host, &tenant, &client, &super::onboarding()).await;
    let done = triggered(&client, &works).await;
    ended(&client, &done).await;
    host.first_delivery_tried(&tenant.base).await;
    host.advance_secs(10);
    let first = received(&sink, 2).await;
    for one in &first {
        check(one, &secret);
    }
    assert_eq!(first[0].headers["x-smartmca-event-id"], first[1].headers["x-smartmca-event-id"]);
    assert_ne!(first[0].headers["x-smartmca-timestamp"], first[1].headers["x-smartmca-timestamp"]);
    let told = body(&first[0]);
    assert_eq!(
        (&told["eventType"], &told["data"]["executionId"]),
        (&json!("workflow.execution.completed"), &json!(done))
    );
    assert_eq!((&told["data"]["status"], &told["data"]["entityId"]), (&json!("completed"), &json!("deal_456")));
    assert_eq!(told["createdAt"], "2026-11-22T09:00:00.000Z");
    let fails = on_deals("Fails", &[super::fails("n")]);
    let (_, fails) = made(&host, &tenant, &client, &fails).await;
    ended(&client, &triggered(&client, &fails).await).await;
    let told = body(&received(&sink, 3).await[2]);
    assert_eq!(told["eventType"], "workflow.execution.failed");
    assert_eq!((&told["data"]["error"]["nodeId"], &told["data"]["error"]["code"]), (&json!("n"), &json!("NOT_FOUND")));
    // One started through the platform is told as well.
    let path = format!("{}/definitions", tenant.base);
    let native = with(super::onboarding(), json!({"name": "Native"}));
    let native = host.operator.post(&path, &native).await.expect(201).json();
    host.operator.post(&format!("{path}/{}/executions", native["id"].as_str().unwrap()), &json!({})).await.expect(202);
    assert_eq!(body(&received(&sink, 4).await[3])["data"]["workflowName"], "Native");
}

#[tokio::test]
async fn what_happens_to_applications_and_deals_is_told_to_those_who_want_it() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let sink = Sink::start().await;
    let wanted = json!(["application.stage_changed", "application.updated", "deal.updated"]);
    let secret = endpoint(&host, &tenant, &sink, wanted).await;
    put(&host, &tenant, "application", "app-1", &json!({"stage": "draft"})).await;
    let path = format!("{BASE}/applications/app-1");
    client.post(&format!("{path}/advance-stage"), &json!({"reason": "r"})).await.expect(200);
    client.post(&format!("{path}/change-status"), &json!({"status": "s"})).await.expect(200);
    client.post(&format!("{path}/assign-underwriter"), &json!({"userId": "u"})).await.expect(200);
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 1})).await;
    let mut told: Vec<Value> = received(&sink, 3).await.iter().map(body).collect();
    told.sort_by_key(|t| t["eventType"].as_str().unwrap().to_owned());
    let kinds: Vec<&str> = told.iter().map(|t| t["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["application.stage_changed", "application.updated", "deal.updated"]);
    let moved = &told[0]["data"];
    assert_eq!(
        (&moved["applicationId"], &moved["previousStage"], &moved["stage"]),
        (&json!("app-1"), &json!("draft"), &json!("submission"))
    );
    assert_eq!(moved["reason"], "r");
    assert_eq!(told[1]["data"]["changed"], json!(["underwriterId"]));
    assert_eq!(told[2]["data"]["entityId"], "deal_456");
    for one in sink.received() {
        check(&one, &secret);
    }
    let unknown = json!({"dialect": "smartmca", "url": sink.url, "events": ["deal.stolen"]});
    host.operator.post(&format!("{}/webhook-endpoints", tenant.base), &unknown).await.expect(422);
}
