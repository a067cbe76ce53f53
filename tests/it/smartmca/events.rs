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

/// The starts of a definition, when as many as expected have ended and nothing more comes.
async fn settled(host: &TestHost, tenant: &Tenant, definition: &str, count: usize) -> Vec<Value> {
    let path = format!("{}/executions?definition_id={definition}&limit=200", tenant.base);
    let listed = async || host.operator.get(&path).await.expect(200).json()["data"].as_array().unwrap().clone();
    let all = eventually("the end of every execution", || async {
        // Steps that have clashed over the deal are tried again after a while.
        host.advance_secs(1);
        let all = listed().await;
        let ended = all.iter().all(|one| one["status"] == "completed");
        (all.len() >= count && ended).then_some(all)
    })
    .await;
    // Several looks for events later.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(listed().await.len(), all.len());
    all
}

/// A definition that starts by changes of deals and changes its deal as often as this.
async fn changes_itself(host: &TestHost, tenant: &Tenant, client: &Client, times: u64) -> String {
    let change = |n: u64| {
        let config = json!({"schema": "deal", "id": "deal_456", "patch": {"amount": n}});
        node(&format!("n{n}"), "put_entity", &config)
    };
    let nodes: Vec<Value> = (1..=times).map(change).collect();
    let more = json!({"trigger": {"kind": "event", "event": "deal.updated"}, "max_retries": 10});
    made(host, tenant, client, &with(on_deals("Again", &nodes), more)).await.0
}

#[tokio::test]
async fn what_starts_itself_again_ends_after_ten_times() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    // Each run changes its deal twice, and so would start two others, ten links deep: 1023 in all.
    let definition = changes_itself(&host, &tenant, &client, 2).await;
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 2})).await;
    let all = settled(&host, &tenant, &definition, 10).await;
    assert_eq!(all.len(), 10);
    let mut starts = Vec::new();
    let mut roots = std::collections::BTreeSet::new();
    for one in &all {
        let path = format!("{}/executions/{}", tenant.base, one["id"].as_str().unwrap());
        let event = host.operator.get(&path).await.expect(200).json()["trigger"]["event"].clone();
        assert_eq!((&event["type"], &event["most_starts"]), (&json!("deal.updated"), &json!(10)), "{event}");
        starts.push(event["start"].as_u64().unwrap());
        roots.insert(event["root"].as_str().unwrap().to_owned());
    }
    starts.sort_unstable();
    assert_eq!(starts, (1..=10).collect::<Vec<_>>());
    assert_eq!(roots.len(), 1, "one cause: {roots:?}");
    // What somebody does next is another cause, and what happens to another deal has nothing to do with it.
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 7})).await;
    assert_eq!(settled(&host, &tenant, &definition, 20).await.len(), 20);
}

#[tokio::test]
async fn one_change_a_run_is_no_end_of_changes() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    // The second run finds the amount as it leaves it: nothing changes, and nothing is started.
    let definition = changes_itself(&host, &tenant, &client, 1).await;
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 2})).await;
    assert_eq!(settled(&host, &tenant, &definition, 2).await.len(), 2);
}

#[tokio::test]
async fn many_entities_changed_by_one_cause_start_as_many_executions() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let nodes: Vec<Value> = (0..15)
        .map(|n| {
            let config = json!({"schema": "invoice", "id": format!("i{n}"), "patch": {"amount": n}});
            node(&format!("n{n}"), "put_entity", &config)
        })
        .collect();
    let bills = with(on_deals("Bills", &nodes), json!({"trigger": {"kind": "event", "event": "deal.updated"}}));
    made(&host, &tenant, &client, &bills).await;
    let trigger = json!({"trigger": {"kind": "event", "event": "invoice.created"}, "entity_type": "invoice"});
    let sends = with(on_deals("Sends", &[node("show", "show_call", &json!({}))]), trigger);
    let (definition, _) = made(&host, &tenant, &client, &sends).await;
    put(&host, &tenant, "deal", "deal_456", &json!({"amount": 2})).await;
    assert_eq!(settled(&host, &tenant, &definition, 15).await.len(), 15);
}
