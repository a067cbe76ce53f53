use super::{BASE, code, ended, fields, made, member, node, on_deals, onboarding, triggered, until, with};
use crate::support::TestHost;
use serde_json::{Value, json};

fn path() -> String {
    format!("{BASE}/workflows/trigger")
}

#[tokio::test]
async fn a_triggered_workflow_runs_its_nodes_on_the_entity() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let nodes = [
        node("show", "show_call", &json!({})),
        node("read", "get_entity", &json!({"schema": "deal", "id": "deal_456"})),
    ];
    let (platform, id) = made(&host, &tenant, &client, &on_deals("Deal \"Onboarding\"", &nodes)).await;
    let body = json!({"workflowType": id, "entityType": "deal", "entityId": "deal_456"});
    let answer = client.post(&path(), &body).await.expect(202).json();
    let execution = answer["executionId"].as_str().unwrap().to_owned();
    assert!(execution.starts_with("exec_"), "{execution}");
    assert_eq!(
        answer,
        json!({"executionId": execution, "workflowId": id, "workflowName": "Deal \"Onboarding\"", "entityType": "deal",
            "entityId": "deal_456", "status": "pending", "message": "Workflow \"Deal \"Onboarding\"\" triggered"})
    );
    let shown = ended(&client, &execution).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    assert_eq!(
        (&shown["id"], &shown["executionId"], &shown["workflowId"]),
        (&json!(execution), &json!(execution), &json!(id))
    );
    assert_eq!((&shown["entityType"], &shown["entityId"]), (&json!("deal"), &json!("deal_456")));
    assert_eq!((&shown["triggeredBy"], &shown["error"]), (&json!("manual"), &Value::Null));
    assert_eq!(
        (&shown["isPaused"], &shown["pausedNodeId"], &shown["hasErrors"]),
        (&json!(false), &Value::Null, &json!(false))
    );
    for time in ["createdAt", "startedAt", "completedAt"] {
        assert_eq!(shown[time], "2026-11-22T09:00:00.000Z", "{time}");
    }
    let nodes = shown["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    let first = &nodes[0];
    assert_eq!(
        (&first["nodeId"], &first["name"], &first["type"]),
        (&json!("show"), &json!("Node show"), &json!("step"))
    );
    assert_eq!((&first["status"], &first["attempts"], &first["error"]), (&json!("completed"), &json!(1), &Value::Null));
    assert_eq!(first["startedAt"], "2026-11-22T09:00:00.000Z");
    assert_eq!(first["completedAt"], "2026-11-22T09:00:00.000Z");
    assert_eq!(first["result"]["entity"], json!({"schema": "deal", "id": "deal_456"}));
    assert_eq!(first["result"]["dialect"], "smartmca");
    assert_eq!(nodes[1]["result"]["attributes"]["amount"], 50_000);
    // The platform shows whose it is.
    let listed = host.operator.get(&format!("{}/executions?dialect=smartmca", tenant.base)).await.expect(200).json();
    assert_eq!(listed["data"][0]["definition_id"], json!(platform));
}

#[tokio::test]
async fn a_body_that_breaks_rules_is_422_and_one_that_is_no_json_400() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &onboarding()).await;
    for (body, broken) in [
        (json!({}), vec!["workflowType", "entityType", "entityId"]),
        (json!({"workflowType": "", "entityType": "deal", "entityId": "x"}), vec!["workflowType"]),
        (json!({"workflowType": id, "entityType": 7, "entityId": ["x"]}), vec!["entityType", "entityId"]),
        (json!({"workflowType": id, "entityType": "deal", "entityId": null}), vec!["entityId"]),
        (json!({"workflowType": id, "entityType": "merchant", "entityId": "deal_456"}), vec!["entityType"]),
        (json!([1]), vec!["body"]),
        (json!("text"), vec!["body"]),
    ] {
        let refused = client.post(&path(), &body).await.expect(422);
        assert_eq!(
            (code(&refused).as_str(), fields(&refused)),
            ("VALIDATION_ERROR", broken.iter().map(ToString::to_string).collect())
        );
    }
    for text in ["", "{", "{\"workflowType\": }"] {
        let json = [("content-type", "application/json")];
        let refused = client.send("POST", &path(), &json, Some(text.as_bytes().to_vec())).await.expect(400);
        assert_eq!(code(&refused), "VALIDATION_ERROR", "{text}");
    }
    // Unknown members are no fault.
    let body = json!({"workflowType": id, "entityType": "deal", "entityId": "deal_456", "priority": "high"});
    client.post(&path(), &body).await.expect(202);
}

#[tokio::test]
async fn unknown_workflows_and_entities_are_404_and_inactive_workflows_409() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (platform, id) = made(&host, &tenant, &client, &onboarding()).await;
    let body = |id: &str, entity: &str| json!({"workflowType": id, "entityType": "deal", "entityId": entity});
    for (body, message) in [
        (body("wf_abc123", "deal_456"), "workflow not found"),
        (body("wf_0000000000000000000001", "deal_456"), "workflow not found"),
        (body(&id, "deal_789"), "entity not found"),
    ] {
        let refused = client.post(&path(), &body).await.expect(404);
        assert_eq!((code(&refused).as_str(), &refused.json()["error"]["message"]), ("NOT_FOUND", &json!(message)));
    }
    let inactive = with(onboarding(), json!({"status": "inactive"}));
    host.operator.json("PUT", &format!("{}/definitions/{platform}", tenant.base), &inactive).await.expect(200);
    assert_eq!(code(&client.post(&path(), &body(&id, "deal_456")).await.expect(409)), "CONFLICT");
}

#[tokio::test]
async fn an_idempotency_key_triggers_once_and_conflicts_with_another_body() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &onboarding()).await;
    let body = json!({"workflowType": id, "entityType": "deal", "entityId": "deal_456"});
    let first = client.post_once(&path(), "k-1", &body).await.expect(202);
    let again = client.post_once(&path(), "k-1", &body).await.expect(202);
    assert_eq!((first.text, again.header("idempotent-replayed")), (again.text.clone(), "true"));
    let other = with(body.clone(), json!({"note": 1}));
    assert_eq!(code(&client.post_once(&path(), "k-1", &other).await.expect(409)), "CONFLICT");
    let bad = client.send(
        "POST",
        &path(),
        &[("content-type", "application/json"), ("idempotency-key", "a b")],
        Some(body.to_string().into_bytes()),
    );
    assert_eq!(fields(&bad.await.expect(400)), ["Idempotency-Key"]);
    let listed = client.get(&format!("{BASE}/workflows/executions")).await.expect(200).json();
    assert_eq!(listed["total"], 1);
}

#[tokio::test]
async fn a_singleton_runs_once_at_a_time_on_one_entity_whoever_asks_first() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    super::put(&host, &tenant, "deal", "other", &json!({})).await;
    let waits = on_deals("Singleton", &[json!({"id": "ask", "type": "manual"})]);
    let (_, many) = made(&host, &tenant, &client, &with(waits.clone(), json!({"name": "Many"}))).await;
    let (platform, id) = made(&host, &tenant, &client, &with(waits, json!({"singleton": true}))).await;
    let body = |id: &str, entity: &str| json!({"workflowType": id, "entityType": "deal", "entityId": entity});
    // Without it, a second one is simply another execution.
    for _ in 0..2 {
        client.post(&path(), &body(&many, "deal_456")).await.expect(202);
    }
    let (trigger, wanted) = (path(), body(&id, "deal_456"));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, trigger, wanted) = (client.clone(), trigger.clone(), wanted.clone());
        asking.spawn(async move { client.post(&trigger, &wanted).await.status });
    }
    let mut statuses = asking.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![202], vec![409; 7]].concat());
    client.post(&path(), &body(&id, "other")).await.expect(202);
    // Once it has ended, another may begin.
    let open =
        host.operator.get(&format!("{}/executions?definition_id={platform}", tenant.base)).await.expect(200).json();
    for execution in open["data"].as_array().unwrap() {
        let path = format!("{}/executions/{}/cancel", tenant.base, execution["id"].as_str().unwrap());
        host.operator.post(&path, &json!({})).await.expect(200);
    }
    client.post(&path(), &wanted).await.expect(202);
}

#[tokio::test]
async fn deactivating_with_cancel_running_ends_what_runs() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let waits = on_deals("Waits", &[json!({"id": "ask", "name": "Ask", "type": "manual"})]);
    let (platform, id) = made(&host, &tenant, &client, &waits).await;
    let execution = triggered(&client, &id).await;
    until(&client, &execution, "its begin", |e| e["status"] == "running").await;
    let definition = format!("{}/definitions/{platform}", tenant.base);
    host.operator.json("PUT", &definition, &with(waits.clone(), json!({"status": "inactive"}))).await.expect(200);
    assert_eq!(super::shown(&client, &execution).await["status"], "running");
    let cancelling = with(waits, json!({"status": "inactive", "cancel_running": true}));
    host.operator.json("PUT", &definition, &cancelling).await.expect(200);
    let shown = super::shown(&client, &execution).await;
    assert_eq!((&shown["status"], &shown["nodes"][0]["status"]), (&json!("cancelled"), &json!("skipped")), "{shown}");
}
