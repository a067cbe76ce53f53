//! SmartMCA.

use super::Walk;
use crate::support::TestHost;
use serde_json::json;
use stepwright_engine::Dialect;

#[tokio::test]
async fn every_route_of_smartmca_does_what_it_is_for_and_hides_it_from_other_tenants() {
    use crate::smartmca::{BASE, ended, made, member, onboarding, put};
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, other) = member(&host).await;
    let (_, workflow) = made(&host, &tenant, &client, &onboarding()).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    let mut walk = Walk::new(client.clone(), Dialect::Smartmca);
    walk.go("listWorkflows", &format!("{BASE}/workflows"), None, 200).await;
    walk.go("getWorkflow", &format!("{BASE}/workflows/{workflow}"), None, 200).await;
    let trigger = json!({"workflowType": workflow, "entityType": "deal", "entityId": "deal_456"});
    let started = walk.go("triggerWorkflow", &format!("{BASE}/workflows/trigger"), Some(trigger), 202).await;
    let execution = started["executionId"].as_str().unwrap().to_owned();
    ended(&client, &execution).await;
    walk.go("listExecutions", &format!("{BASE}/workflows/executions"), None, 200).await;
    walk.go("getExecution", &format!("{BASE}/workflows/executions/{execution}"), None, 200).await;
    let application = format!("{BASE}/applications/app-1");
    let status = Some(json!({"status": "new"}));
    walk.go("changeApplicationStatus", &format!("{application}/change-status"), status, 200).await;
    walk.go("advanceApplicationStage", &format!("{application}/advance-stage"), Some(json!({})), 200).await;
    let user = Some(json!({"underwriterId": "u-1"}));
    walk.go("assignUnderwriter", &format!("{application}/assign-underwriter"), user, 200).await;
    walk.end();
    for path in [format!("{BASE}/workflows/{workflow}"), format!("{BASE}/workflows/executions/{execution}")] {
        other.get(&path).await.expect(404);
    }
    other.post(&format!("{application}/advance-stage"), &json!({})).await.expect(404);
    let seen = other.get(&format!("{BASE}/workflows/executions")).await.expect(200).json();
    assert_eq!(seen["data"], json!([]));
}
