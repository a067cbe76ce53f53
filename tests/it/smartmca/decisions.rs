use super::{ended, made, member, node, on_deals, put, with};
use crate::platform::enabled;
use crate::support::TestHost;
use crate::support::host::Tenant;
use crate::support::process::target_dir;
use serde_json::{Value, json};

/// A decision with a branch that a condition of the guest opens, and both ways on behind it.
fn routed(name: &str, branches: &Value, mode: &str) -> Value {
    let nodes = [
        json!({"id": "route", "name": "Route", "type": "decision", "config": {"branches": branches, "mode": mode}}),
        node("senior", "nothing", &json!({})),
        node("junior", "nothing", &json!({})),
        node("behind", "nothing", &json!({})),
        node("end", "nothing", &json!({})),
    ];
    let edges = json!([
        {"from": "route", "to": "senior", "branch": "big"},
        {"from": "route", "to": "junior", "branch": "default"},
        {"from": "junior", "to": "behind"},
        {"from": "senior", "to": "end"},
        {"from": "behind", "to": "end"},
    ]);
    with(on_deals(name, &nodes), json!({ "edges": edges }))
}

fn statuses(shown: &Value) -> Vec<String> {
    let text = |n: &Value| format!("{} {}", n["nodeId"].as_str().unwrap(), n["status"].as_str().unwrap());
    shown["nodes"].as_array().unwrap().iter().map(text).collect()
}

fn equals(value: &Value) -> Value {
    json!([{"id": "big", "name": "Big", "conditions": [{"condition": "condition-guest/equals", "config": {"value": value}}]}])
}

#[tokio::test]
async fn a_decision_opens_the_way_its_condition_chooses_and_skips_the_other() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    enabled(&host, &tenant, "condition-guest", &json!({"grants": {}})).await;
    // The component is handed everything there is as one value.
    let everything = json!({"entity": {"amount": 50_000, "state": "NY"}, "outputs": {},
        "input": {"entityId": "deal_456", "entityType": "deal"}});
    let hostless = async |name: &str, branches: &Value, mode: &str| {
        let (_, id) = made(&host, &tenant, &client, &routed(name, branches, mode)).await;
        ended(&client, &super::triggered(&client, &id).await).await
    };
    // An object is no value for this guest, so what it is told to negate holds.
    let negated = json!([{"id": "big", "conditions":
        [{"condition": "condition-guest/equals", "config": {"value": "x", "negate": true}}]}]);
    let met = hostless("Met", &negated, "first").await;
    assert_eq!(
        statuses(&met),
        ["route completed", "senior completed", "junior skipped", "behind skipped", "end completed"],
        "{met} {everything}"
    );
    assert_eq!(
        (&met["nodes"][0]["type"], &met["nodes"][0]["result"]["branches"]),
        (&json!("decision"), &json!(["big"]))
    );
    let unmet = hostless("Unmet", &equals(&json!("nothing like it")), "all").await;
    assert_eq!(
        statuses(&unmet),
        ["route completed", "senior skipped", "junior completed", "behind completed", "end completed"],
        "{unmet}"
    );
    assert_eq!(unmet["status"], "completed");
    assert_eq!(unmet["nodes"][0]["result"]["branches"], json!(["default"]));
}

#[tokio::test]
async fn a_condition_that_fails_is_retried_and_then_fails_the_decision() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    enabled(&host, &tenant, "condition-guest", &json!({"grants": {}})).await;
    let branches = |condition: &str| json!([{"id": "big", "conditions": [{ "condition": format!("condition-guest/{condition}") }]}]);
    let (_, id) = made(&host, &tenant, &client, &routed("Traps", &branches("trap"), "first")).await;
    let failed = ended(&client, &super::triggered(&client, &id).await).await;
    assert_eq!((&failed["status"], &failed["error"]["nodeId"]), (&json!("failed"), &json!("route")), "{failed}");
    // Gone past, the way that needs no branch is taken.
    let goes_on = with(routed("Goes on", &branches("fails"), "first"), json!({"on_failure": "continue"}));
    let (_, id) = made(&host, &tenant, &client, &goes_on).await;
    let done = ended(&client, &super::triggered(&client, &id).await).await;
    assert_eq!(
        statuses(&done),
        ["route failed", "senior skipped", "junior completed", "behind completed", "end completed"],
        "{done}"
    );
    assert_eq!(done["hasErrors"], true);
}

/// The first-party plugin that compares, where it is no built-in.
async fn comparing(host: &TestHost, tenant: &Tenant) {
    if stepwright_server::builtins::EXPECTED.contains(&"conditions") {
        return;
    }
    let file = target_dir().join("plugins/conditions.wasm");
    let wasm = [("content-type", "application/wasm")];
    let path = format!("{}/plugins", tenant.base);
    let made = host.operator.send("POST", &path, &wasm, Some(std::fs::read(file).unwrap())).await.expect(201).json();
    let enable = format!("{path}/conditions/{}/enable", made["version"].as_str().unwrap());
    host.operator.post(&enable, &json!({"grants": {}})).await.expect(200);
}

#[tokio::test]
async fn comparisons_ask_about_the_entity_the_input_and_earlier_nodes() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    comparing(&host, &tenant).await;
    let big = json!([{"id": "big", "match": "all", "conditions": [
        {"attribute": "amount", "attribute_type": "number", "operator": "greater_than", "values": [10_000]},
        {"source": "input", "attribute": "entityType", "operator": "equals", "values": ["deal"]},
    ]}]);
    let (_, id) = made(&host, &tenant, &client, &routed("By amount", &big, "first")).await;
    let taken = async |amount: u32| {
        put(&host, &tenant, "deal", "deal_456", &json!({ "amount": amount })).await;
        let done = ended(&client, &super::triggered(&client, &id).await).await;
        done["nodes"][0]["result"]["branches"].clone()
    };
    assert_eq!(taken(50_000).await, json!(["big"]));
    assert_eq!(taken(10_000).await, json!(["default"]));
    let nodes = [
        node("score", "flaky", &json!({"failures": 0})),
        json!({"id": "route", "type": "decision", "config": {"branches": [{"id": "first", "conditions":
            [{"source": "node", "node": "score", "attribute": "attempt", "attribute_type": "number", "operator": "equals", "values": ["1"]}]}]}}),
        node("yes", "nothing", &json!({})),
        node("no", "nothing", &json!({})),
    ];
    let edges = json!([{"from": "score", "to": "route"}, {"from": "route", "to": "yes", "branch": "first"},
        {"from": "route", "to": "no", "branch": "default"}]);
    let (_, id) = made(&host, &tenant, &client, &with(on_deals("By output", &nodes), json!({ "edges": edges }))).await;
    let done = ended(&client, &super::triggered(&client, &id).await).await;
    assert_eq!(statuses(&done), ["score completed", "route completed", "yes completed", "no skipped"], "{done}");
}

#[tokio::test]
async fn every_fault_of_a_decision_is_told_with_its_place() {
    let host = TestHost::start().await;
    let (tenant, _) = member(&host).await;
    enabled(&host, &tenant, "condition-guest", &json!({"grants": {}})).await;
    let branches = json!([
        {"id": "default", "conditions": []},
        {"id": "a", "conditions": [
            {"condition": "condition-guest/equals", "config": {"value": {}}},
            {"condition": "nobody/nothing"},
            {"source": "node", "node": "nowhere", "attribute": "x", "operator": "is_empty"},
            {"attribute": "x", "operator": "sounds_like", "values": ["y"]},
        ]},
        {"id": "a", "conditions": [{"condition": "condition-guest/trap"}]},
    ]);
    let mut definition = routed("Broken", &branches, "first");
    definition["edges"][2]["branch"] = json!("nowhere");
    let refused = host.operator.post(&format!("{}/definitions", tenant.base), &definition).await.expect(422).json();
    let places: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    for place in [
        "/nodes/0/config/branches/0/id",
        "/nodes/0/config/branches/0/conditions",
        "/nodes/0/config/branches/1/conditions/0/config/value",
        "/nodes/0/config/branches/1/conditions/1/condition",
        "/nodes/0/config/branches/1/conditions/2/node",
        "/nodes/0/config/branches/1/conditions/3/operator",
        "/nodes/0/config/branches/2/id",
        "/edges/0/branch",
        "/edges/2/branch",
    ] {
        assert!(places.contains(&place), "{place} is missing in {places:?}");
    }
}
