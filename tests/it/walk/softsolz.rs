//! SoftSolz.

use super::{Walk, id};
use crate::support::TestHost;
use serde_json::json;
use std::collections::BTreeSet;
use stepwright_engine::Dialect;

#[tokio::test]
async fn every_route_of_softsolz_does_what_it_is_for_and_hides_it_from_other_tenants() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let client = host.client(&mine, "softsolz", crate::softsolz::SCOPES, "test").await;
    let other = host.client(&theirs, "softsolz", crate::softsolz::SCOPES, "test").await;
    let base = crate::softsolz::BASE;
    let mut walk = Walk::new(client.clone(), Dialect::Softsolz);
    walk.go("whoami", "/api/v1/whoami", None, 200).await;
    walk.go("getActionCatalog", &format!("{base}/action-catalog"), None, 200).await;
    let body = crate::softsolz::manual(json!([{"type": "mark_invoices_overdue"}]));
    let made = walk.go("createWorkflow", &format!("{base}/workflows"), Some(body), 201).await;
    let one = format!("{base}/workflows/{}", id(&made["data"]));
    walk.go("listWorkflows", &format!("{base}/workflows"), None, 200).await;
    walk.go("getWorkflow", &one, None, 200).await;
    walk.go("updateWorkflow", &one, Some(json!({"name": "Other"})), 200).await;
    walk.go("pauseWorkflow", &format!("{one}/pause"), None, 200).await;
    walk.go("resumeWorkflow", &format!("{one}/resume"), None, 200).await;
    let run = walk.go("runWorkflow", &format!("{one}/run"), None, 201).await;
    let run = run["data"]["run_id"].as_str().expect("run_id").to_owned();
    crate::softsolz::ended(&client, &run).await;
    walk.go("getRun", &format!("{base}/runs/{run}"), None, 200).await;
    walk.go("listRuns", &format!("{base}/runs"), None, 200).await;
    walk.go("listWorkflowRuns", &format!("{one}/runs"), None, 200).await;

    // Whatever is asked of them, another tenant's ids are answered like ids that nobody has.
    for route in stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Softsolz && r.path.contains("{id}")) {
        let known = if route.path.contains("/runs/{id}") { run.clone() } else { id(&made["data"]) };
        let body = (route.method == "PUT").then(|| b"{}".to_vec());
        let mut answers = BTreeSet::new();
        for id in [known.as_str(), "0190aaaa-0000-7000-8000-000000000000"] {
            let path = route.path.replace("{id}", id);
            let json = [("content-type", "application/json")];
            let answer = other.send(route.method.as_str(), &path, &json, body.clone()).await;
            assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
            answers.insert(answer.text.replace(id, "ID"));
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
    }
    for list in ["workflows", "runs"] {
        let seen = other.get(&format!("{base}/{list}")).await.expect(200).json();
        assert_eq!(seen["data"], json!([]), "{list}");
    }
    walk.go("deleteWorkflow", &one, None, 204).await;
    walk.end();
}
