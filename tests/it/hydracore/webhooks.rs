use super::Bed;
use crate::support::sink::{Received, Sink};
use crate::support::{TestHost, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

fn body(received: &Received) -> Value {
    serde_json::from_slice(&received.body).unwrap()
}

/// As the Standard Webhooks libraries check it.
fn check(received: &Received, secret: &str) {
    let header = |name: &str| received.headers[name].to_str().unwrap().to_owned();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    assert_eq!(body(received)["id"], id);
    let key = match STANDARD.decode(secret.strip_prefix("whsec_").unwrap()) {
        Ok(key) => key,
        Err(_) => secret.as_bytes().to_vec(),
    };
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&received.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert!(header("webhook-signature").split(' ').any(|signature| signature == expected));
}

#[tokio::test]
async fn events_of_records_arrive_signed_and_a_due_next_action_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    host.allow_private_webhooks(&bed.tenant.base).await;
    let sink = Sink::start().await;
    let endpoint = json!({"dialect": "hydracore", "url": format!("{}/hook", sink.url), "events": []});
    let made = host.operator.post(&format!("{}/webhook-endpoints", bed.tenant.base), &endpoint).await;
    let made = made.expect(201).json();
    let (path, id) = bed.open(json!({"next_action_at": "2026-11-22T09:30:00Z", "workflow_state": {"a": 1}})).await;
    bed.advance(&path, json!({"action": "called", "stage": "tier1"})).await;
    host.advance_secs(1_800);
    let due = || {
        let due = |r: &Received| body(r)["type"] == "workflow.next_action_due";
        sink.received().into_iter().filter(due).collect::<Vec<_>>()
    };
    eventually("the due action", || async { (!due().is_empty()).then_some(()) }).await;
    host.advance_secs(1_800);
    bed.agent.post(&format!("{path}/suspend"), &json!({"step": "s"})).await.expect(200);
    bed.admin.post_empty(&format!("/v1/workflows/{id}/abort")).await.expect(200);
    let received = eventually("all events", || async {
        let received = sink.received();
        (received.len() >= 5).then_some(received)
    })
    .await;
    let kinds: Vec<String> = received.iter().map(|r| body(r)["type"].as_str().unwrap().to_owned()).collect();
    let expected = ["created", "updated", "next_action_due", "suspended", "cancelled"].map(|k| format!("workflow.{k}"));
    assert_eq!(kinds, expected);
    for request in &received {
        check(request, made["secret"].as_str().unwrap());
    }
    let updated = body(&received[1]);
    assert_eq!(updated["data"]["event"]["action"], "called");
    let workflow = &updated["data"]["workflow"];
    assert_eq!(
        (&workflow["id"], &workflow["stage"], &workflow["workflow_state"]),
        (&json!(id), &json!("tier1"), &json!({"a": 1}))
    );
    assert_eq!(body(&due()[0])["data"]["event"], json!({"next_action_at": "2026-11-22T09:30:00Z"}));
}
