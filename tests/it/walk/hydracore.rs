//! HydraCore.

use super::{Walk, id};
use crate::support::{Client, TestHost};
use serde_json::json;
use std::collections::BTreeSet;
use stepwright_engine::Dialect;

#[tokio::test]
async fn every_route_of_hydracore_does_what_it_is_for_and_hides_it_from_others() {
    use crate::hydracore::Bed;
    let host = TestHost::start().await;
    let (mine, theirs) = (Bed::new(&host).await, Bed::new(&host).await);
    let neighbour = mine.other_instance(&host).await;
    let mut walk = Walk::new(mine.agent.clone(), Dialect::Hydracore);
    let all = mine.workflows();
    let made = walk.go("createWorkflow", &all, Some(mine.lead()), 201).await;
    let one = format!("{all}/{}", id(&made));
    let listed = walk.go("queryWorkflowsInternal", &format!("{all}?status=active"), None, 200).await;
    assert_eq!((&listed["total"], &listed["workflows"][0]), (&json!(1), &made));
    assert_eq!(walk.go("getWorkflowInternal", &one, None, 200).await, made);
    let moved = walk.go("advanceWorkflow", &one, Some(json!({"action": "contacted", "stage": "called"})), 200).await;
    assert_eq!((&moved["stage"], &moved["history"][1]["action"]), (&json!("called"), &json!("contacted")));
    walk.go("suspendWorkflowInternal", &format!("{one}/suspend"), Some(json!({"step": "sign"})), 200).await;
    let done = walk.go("resumeWorkflowInternal", &format!("{one}/resume"), Some(json!({})), 200).await;
    assert_eq!(done, json!({"id": id(&made), "message": "Workflow resumed", "status": "active"}));

    walk.client = mine.admin.clone();
    let seen = format!("/v1/workflows/{}", id(&made));
    assert_eq!(walk.go("listWorkflowsDashboard", "/v1/workflows", None, 200).await["total"], 1);
    walk.go("getWorkflowDashboard", &seen, None, 200).await;
    let body = json!({"step": "sign", "payload": {"paper": 1}});
    let done = walk.go("suspendWorkflow", &format!("{seen}/suspend"), Some(body), 200).await;
    assert_eq!(done["message"], "Workflow suspended at step 'sign'");
    let suspended = walk.go("listSuspendedWorkflows", "/v1/workflows/suspended", None, 200).await;
    let first = &suspended[0];
    assert_eq!((&first["id"], &first["suspended_step"]), (&made["id"], &json!("sign")));
    assert_eq!(first["suspended_payload"], json!({"paper": 1}));
    walk.go("resumeWorkflow", &format!("{seen}/resume"), None, 200).await;

    // Whatever is asked of them, others' ids are answered like ids that nobody has.
    let nobody = "0190aaaa-0000-7000-8000-000000000000";
    let bodies = |operation: &str| match operation {
        "advanceWorkflow" => json!({"action": "steal"}),
        "suspendWorkflow" | "suspendWorkflowInternal" => json!({"step": "steal"}),
        _ => json!({}),
    };
    let mut seen_routes = 0;
    for route in
        stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Hydracore && r.path.contains("{workflow_id}"))
    {
        let strangers: Vec<(Client, String)> = if route.path.starts_with("/internal") {
            vec![
                (neighbour.agent.clone(), route.path.replace("{instance_id}", &neighbour.instance)),
                (theirs.agent.clone(), route.path.replace("{instance_id}", &theirs.instance)),
            ]
        } else {
            vec![(theirs.admin.clone(), route.path.to_owned())]
        };
        for (stranger, path) in strangers {
            let mut answers = BTreeSet::new();
            for workflow in [id(&made).as_str(), nobody] {
                let path = path.replace("{workflow_id}", workflow);
                let body = (route.method != "GET").then(|| bodies(route.operation).to_string().into_bytes());
                let json = [("content-type", "application/json")];
                let answer = stranger.send(route.method.as_str(), &path, &json, body).await;
                assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
                answers.insert(answer.text);
            }
            assert_eq!(answers, BTreeSet::from([r#"{"detail":"Workflow not found"}"#.to_owned()]), "{}", route.path);
        }
        seen_routes += 1;
    }
    assert_eq!(seen_routes, 8);
    for (stranger, list) in [
        (&theirs.admin, "/v1/workflows".to_owned()),
        (&theirs.agent, theirs.workflows()),
        (&neighbour.agent, neighbour.workflows()),
    ] {
        let listed = stranger.get(&list).await.expect(200).json();
        assert_eq!((&listed["total"], &listed["workflows"]), (&json!(0), &json!([])), "{list}");
    }
    assert_eq!(theirs.admin.get("/v1/workflows/suspended").await.expect(200).json(), json!([]));
    for path in [all.clone(), all.replace(&mine.instance, nobody)] {
        let answer = theirs.agent.get(&path).await.expect(403);
        assert_eq!(answer.json(), json!({"detail": "Not authorized for this instance"}));
    }

    let done = walk.go("abortWorkflow", &format!("{seen}/abort"), None, 200).await;
    assert_eq!(done, json!({"id": id(&made), "message": "Workflow aborted", "status": "cancelled"}));
    walk.end();
}
