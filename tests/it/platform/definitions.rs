use super::{chain, defined, enabled, ran};
use crate::support::{TestHost, data, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_definition_runs_its_nodes_in_order_and_answers_with_the_last_output() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let (plugin, _) = enabled(&host, &tenant, "bench-echo", &json!({"grants": {}})).await;
    let step = format!("{plugin}/echo");
    let definition =
        chain(&[(&step, json!({"field": "s1"})), (&step, json!({"field": "s2"})), (&step, json!({"field": "s3"}))]);
    let id = defined(&host, &tenant, &definition).await;
    let ended = ran(&host, &tenant, &id, json!({"hello": "world"})).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["output"]["hello"], "world", "{ended}");
    assert_eq!(ended["output"]["step"], "s3", "{ended}");
    assert_eq!(ended["nodes"].as_array().unwrap().len(), 3);
    let path = format!("{}/executions/{}/history", tenant.base, ended["id"].as_str().unwrap());
    let history = host.operator.get(&path).await.expect(200).json();
    let kinds: Vec<&str> = history["data"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
    assert_eq!(
        kinds,
        [
            "execution.created",
            "execution.started",
            "task.completed",
            "task.completed",
            "task.completed",
            "execution.completed"
        ]
    );
    let seqs: Vec<u64> = history["data"].as_array().unwrap().iter().filter_map(|e| e["seq"].as_u64()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn every_fault_of_a_definition_is_told_at_once() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let definition = json!({"name": "", "trigger": {"kind": "schedule", "cron": "* * *"}, "nodes": [
        {"id": "a", "name": "A", "type": "step", "step_type": "nobody/nothing", "config": {}},
        {"id": "a", "name": "B", "type": "step", "step_type": "mark_invoices_overdue", "config": {"grace_days": -1}},
    ], "edges": [{"from": "a", "to": "nowhere"}]});
    let refused = host.operator.post(&format!("{}/definitions", tenant.base), &definition).await.expect(422).json();
    let places: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    for place in
        ["/name", "/trigger/cron", "/nodes/0/step_type", "/nodes/1/config/grace_days", "/nodes/1/id", "/edges/0/to"]
    {
        assert!(places.contains(&place), "{place} is missing in {places:?}");
    }
}

#[tokio::test]
async fn effects_of_a_step_are_kept_with_its_outcome_and_dropped_with_its_trap() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    data::business(&host.operator, &tenant.test_base).await;
    let sandboxed = crate::support::host::Tenant { base: tenant.test_base.clone(), ..tenant.clone() };
    let grants = json!({"grants": {"entities": {"read": ["*"], "write": ["*"]}, "data": {"read": ["*"], "write": ["*"]},
        "mail": true, "notify": true, "kv": true, "flow": true, "events": true}});
    let (plugin, _) = enabled(&host, &sandboxed, "counter", &grants).await;
    let everything = format!("{plugin}/everything");
    let end = |then: &str| chain(&[(everything.as_str(), json!({"id": then, "then": then}))]);
    let kept = async || {
        let outbox = host.operator.get(&format!("{}/outbox", sandboxed.base)).await.expect(200).json();
        let mails = outbox["data"].as_array().expect("data").len();
        let notes = data::rows(&host.operator, &sandboxed.base, "notifications").await.len();
        let contacts = host.operator.get(&format!("{}/entities/contact", sandboxed.base)).await.expect(200).json();
        let customers = data::rows(&host.operator, &sandboxed.base, "customers").await.len();
        (mails, notes, contacts["data"].as_array().expect("data").len(), customers)
    };
    let before = kept().await;
    for ending in ["trap", "panic", "fail"] {
        let ended = ran(&host, &sandboxed, &defined(&host, &sandboxed, &end(ending)).await, json!({})).await;
        assert_eq!(ended["status"], "failed", "{ended}");
        assert_eq!(kept().await, before, "{ending}");
    }
    let ended = ran(&host, &sandboxed, &defined(&host, &sandboxed, &end("complete")).await, json!({})).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    // What it had staged it could read back before it was committed.
    assert_eq!(ended["output"]["row"]["name"], "complete", "{ended}");
    assert_eq!(kept().await, (before.0 + 1, before.1 + 1, before.2 + 1, before.3 + 1));
}

#[tokio::test]
async fn an_idempotency_key_starts_one_execution() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let id = defined(&host, &tenant, &chain(&[("mark_invoices_overdue", json!({}))])).await;
    let path = format!("{}/definitions/{id}/executions?wait=10s", tenant.base);
    let first = host.operator.post_once(&path, "k", &json!({"input": {}})).await.expect(200).json();
    let again = host.operator.post_once(&path, "k", &json!({"input": {}})).await.expect(200).json();
    assert_eq!(first["id"], again["id"]);
    host.operator.post_once(&path, "k", &json!({"input": {"x": 1}})).await.expect(409);
    let listed = host.operator.get(&format!("{}/executions", tenant.base)).await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_execution_can_be_cancelled_and_a_failed_one_retried() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let manual = json!({"name": "m", "status": "active", "trigger": {"kind": "manual"},
        "nodes": [{"id": "ask", "name": "Ask", "type": "manual"}, {"id": "act", "name": "Act", "type": "step", "step_type": "mark_invoices_overdue", "config": {}}],
        "edges": [{"from": "ask", "to": "act"}]});
    let id = defined(&host, &tenant, &manual).await;
    let start = format!("{}/definitions/{id}/executions", tenant.base);
    let execution = |answer: Value| format!("{}/executions/{}", tenant.base, answer["id"].as_str().unwrap());
    let first = execution(host.operator.post(&start, &json!({})).await.expect(202).json());
    host.operator.post(&format!("{first}/cancel"), &json!({})).await.expect(200);
    assert_eq!(host.operator.get(&first).await.expect(200).json()["status"], "cancelled");
    host.operator.post(&format!("{first}/cancel"), &json!({})).await.expect(409);
    let second = execution(host.operator.post(&start, &json!({})).await.expect(202).json());
    host.operator.post(&format!("{second}/tasks/ask/complete"), &json!({"output": {"yes": true}})).await.expect(200);
    eventually("its end", || async {
        (host.operator.get(&second).await.expect(200).json()["status"] == "completed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn unknown_and_foreign_definitions_are_404_and_executions_too() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let id = defined(&host, &theirs, &chain(&[("mark_invoices_overdue", json!({}))])).await;
    let execution = ran(&host, &theirs, &id, json!({})).await;
    let client = host.client(&mine, "platform", &["platform:read", "platform:write"], "live").await;
    client.get(&format!("{}/definitions/{id}", mine.base)).await.expect(404);
    client.post(&format!("{}/definitions/{id}/executions", mine.base), &json!({})).await.expect(404);
    client.get(&format!("{}/executions/{}", mine.base, execution["id"].as_str().unwrap())).await.expect(404);
    client.get(&format!("{}/definitions/{id}", theirs.base)).await.expect(404);
}

#[tokio::test]
async fn the_output_is_that_of_the_node_that_ran_last_wherever_it_stands_in_the_list() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let (plugin, _) = enabled(&host, &tenant, "bench-echo", &json!({"grants": {}})).await;
    let node =
        |id: &str| json!({"id": id, "type": "step", "step_type": format!("{plugin}/echo"), "config": {"field": id}});
    let definition = json!({"name": "Out of order", "trigger": {"kind": "manual"}, "nodes": [node("b"), node("c"), node("a")],
        "edges": [{"from": "a", "to": "b"}, {"from": "b", "to": "c"}]});
    let ended = ran(&host, &tenant, &defined(&host, &tenant, &definition).await, json!({})).await;
    assert_eq!(ended["output"]["step"], "c", "{ended}");
}

#[tokio::test]
async fn a_nul_character_is_refused_wherever_it_comes() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    host.operator.post("/platform/v1/tenants", &json!({"name": "a\u{0}"})).await.expect(400);
    host.operator.get(&format!("{}/entities/a/b%00c", tenant.base)).await.expect(404);
    let csv = [("content-type", "text/csv")];
    let rows = Some(b"id,name\n1,a\0".to_vec());
    host.operator.send("POST", &format!("{}/data/customers", tenant.base), &csv, rows).await.expect(400);
    // An escaped backslash before the same letters is none.
    host.operator.post("/platform/v1/tenants", &json!({"name": "a\\u0000"})).await.expect(201);
}
