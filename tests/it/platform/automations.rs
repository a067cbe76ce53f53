use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn an_automation_is_made_listed_replaced_and_deleted() {
    let host = TestHost::start().await;
    let base = format!("{}/automations", host.tenant().await.base);
    let body = json!({"id": "sweep-1", "name": "Sweep", "actions": [
        {"step_type": "mark_invoices_overdue", "config": {"grace_days": 2}, "allow_failure": true},
        {"step_type": "create_notification", "config": {"title": "Swept"}},
    ]});
    let made = host.operator.post(&base, &body).await.expect(201).json();
    assert_eq!(made["id"], "sweep-1");
    assert_eq!(made["actions"][0]["config"]["grace_days"], 2);
    assert_eq!(made["actions"][0]["allow_failure"], true);
    assert_eq!(made["actions"][1]["allow_failure"], false);
    host.operator.post(&base, &body).await.expect(409);

    let shown = host.operator.get(&format!("{base}/sweep-1")).await.expect(200).json();
    assert_eq!(shown, made);
    let listed = host.operator.get(&base).await.expect(200).json();
    assert_eq!(listed["data"], json!([made]));

    let next = json!({"name": "Sweeps", "actions": [{"step_type": "mark_invoices_overdue"}]});
    let replaced = host.operator.json("PUT", &format!("{base}/sweep-1"), &next).await.expect(200).json();
    assert_eq!((&replaced["name"], &replaced["version"]), (&json!("Sweeps"), &json!(2)));
    let other = json!({"id": "other", "name": "Sweeps", "actions": [{"step_type": "mark_invoices_overdue"}]});
    host.operator.json("PUT", &format!("{base}/sweep-1"), &other).await.expect(422);

    host.operator.delete(&format!("{base}/sweep-1")).await.expect(204);
    host.operator.get(&format!("{base}/sweep-1")).await.expect(404);
    host.operator.delete(&format!("{base}/sweep-1")).await.expect(404);
}

#[tokio::test]
async fn an_automation_without_an_id_gets_one() {
    let host = TestHost::start().await;
    let base = format!("{}/automations", host.tenant().await.base);
    let body = json!({"name": "Sweep", "actions": [{"step_type": "mark_invoices_overdue"}]});
    let made = host.operator.post(&base, &body).await.expect(201).json();
    host.operator.get(&format!("{base}/{}", made["id"].as_str().unwrap())).await.expect(200);
}

#[tokio::test]
async fn every_fault_of_an_automation_is_reported_at_once() {
    let host = TestHost::start().await;
    let base = format!("{}/automations", host.tenant().await.base);
    let body = json!({"id": "a b", "name": "", "actions": [
        {"step_type": "nobody/knows"},
        {"step_type": "mark_invoices_overdue", "config": {"grace_days": -1}},
    ]});
    let refused = host.operator.post(&base, &body).await.expect(422).json();
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    for expected in ["/id", "/name", "/actions/0/step_type", "/actions/1/config/grace_days"] {
        assert!(pointers.contains(&expected), "{expected} in {refused}");
    }
}
