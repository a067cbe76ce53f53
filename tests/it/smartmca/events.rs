use super::{BASE, made, member, node, on_deals, put, with};
use crate::support::host::Tenant;
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};

async fn waits(host: &TestHost, tenant: &Tenant, client: &Client, name: &str, event: &str, more: Value) -> String {
    let trigger = json!({"kind": "event", "event": event});
    let show = node("show", "show_call", &json!({}));
    let definition = with(with(on_deals(name, &[show]), json!({"trigger": trigger, "entity_type": null})), more);
    made(host, tenant, client, &definition).await.1
}

async fn of(client: &Client, workflow: &str, count: u64) -> Value {
    eventually("the executions", || async {
        let path = format!("{BASE}/workflows/executions?workflow_type={workflow}&status=completed&sort_order=asc");
        let listed = client.get(&path).await.expect(200).json();
        (listed["total"].as_u64() >= Some(count)).then_some(listed)
    })
    .await
}

#[tokio::test]
async fn a_change_of_an_entity_starts_what_waits_for_it_whoever_makes_it() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let created = waits(&host, &tenant, &client, "Created", "deal.created", json!({})).await;
    let updated = waits(&host, &tenant, &client, "Updated", "deal.updated", json!({})).await;
    let every = waits(&host, &tenant, &client, "Every", "deal.*", json!({})).await;
    let staged = waits(&host, &tenant, &client, "Staged", "application.stage_changed", json!({})).await;
    // The platform's API.
    put(&host, &tenant, "deal", "new", &json!({"amount": 1})).await;
    put(&host, &tenant, "deal", "new", &json!({"amount": 2})).await;
    put(&host, &tenant, "deal", "new", &json!({"amount": 2})).await;
    let first = of(&client, &created, 1).await;
    assert_eq!((&first["data"][0]["entityType"], &first["data"][0]["entityId"]), (&json!("deal"), &json!("new")));
    let changed = of(&client, &updated, 1).await;
    let shown = super::shown(&client, changed["data"][0]["id"].as_str().unwrap()).await;
    assert_eq!(shown["context"]["changed"], json!(["amount"]));
    assert_eq!(shown["context"]["previous"], json!({"amount": 1}));
    assert_eq!(of(&client, &every, 2).await["total"], 2, "the last write changes nothing");
    // A step.
    let writes = node("n", "put_entity", &json!({"schema": "deal", "id": "new", "patch": {"amount": 3}}));
    let (_, workflow) = made(&host, &tenant, &client, &on_deals("Writes", &[writes])).await;
    super::ended(&client, &super::triggered(&client, &workflow).await).await;
    assert_eq!(of(&client, &updated, 2).await["total"], 2);
    // An application moved without its own call is told all the same.
    put(&host, &tenant, "application", "a", &json!({"stage": "draft"})).await;
    put(&host, &tenant, "application", "a", &json!({"stage": "funded"})).await;
    let moved = of(&client, &staged, 1).await;
    let shown = super::shown(&client, moved["data"][0]["id"].as_str().unwrap()).await;
    assert_eq!((&shown["context"]["previousStage"], &shown["context"]["stage"]), (&json!("draft"), &json!("funded")));
}

#[tokio::test]
async fn definitions_switched_off_or_on_other_entities_start_nothing() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let off = waits(&host, &tenant, &client, "Off", "deal.updated", json!({"status": "inactive"})).await;
    assert_eq!(off, "");
    let other = waits(&host, &tenant, &client, "Other", "deal.updated", json!({"entity_type": "merchant"})).await;
    let works = waits(&host, &tenant, &client, "Works", "deal.updated", json!({"entity_type": "deal"})).await;
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 2})).await;
    of(&client, &works, 1).await;
    let listed = client.get(&format!("{BASE}/workflows/executions?workflow_type={other}")).await.expect(200).json();
    assert_eq!(listed["total"], 0);
    assert_eq!(client.get(&format!("{BASE}/workflows/executions")).await.expect(200).json()["total"], 1);
}
