use super::{EXECUTIONS, defined, definition, id, shown, started, step_of};
use crate::epilot::{GRANTS, message};
use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn each_operation_needs_its_grant() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let all = host.client(&tenant, "epilot", GRANTS, "live").await;
    let workflow = defined(&all, &definition("Some", &[("", &["a", "b"])])).await;
    let made = started(&all, &workflow).await;
    let one = format!("{EXECUTIONS}/{}", id(&made));
    let step = format!("{one}/steps/{}", id(&step_of(&made, "a")));
    // Whoever holds a grant, and what it lets through.
    let calls = [
        ("view", "GET", EXECUTIONS.to_owned(), None),
        ("view", "GET", one.clone(), None),
        ("view", "GET", format!("{one}/closing-reasons"), None),
        ("view", "POST", format!("{EXECUTIONS}/search"), Some(json!({}))),
        ("view", "POST", format!("{EXECUTIONS}/steps/search"), Some(json!({}))),
        ("trigger", "POST", EXECUTIONS.to_owned(), Some(json!({"workflowId": workflow}))),
        ("update_details", "PATCH", one.clone(), Some(json!({"assignedTo": ["1"]}))),
        ("update_details", "PATCH", one.clone(), Some(json!({"dueDate": "2026-12-01"}))),
        ("cancel", "PATCH", one.clone(), Some(json!({"status": "STARTED"}))),
        ("task:add", "POST", format!("{one}/steps"), Some(json!({"name": "n", "insertionIndex": 0}))),
        ("task:update", "PATCH", step.clone(), Some(json!({"name": "x"}))),
        ("task:assign", "PATCH", step.clone(), Some(json!({"assignedTo": ["7"]}))),
        ("task:update_date", "PATCH", step.clone(), Some(json!({"dueDate": "2026-12-01"}))),
        ("task:update", "DELETE", step.clone(), None),
        ("delete", "DELETE", one.clone(), None),
    ];
    let grants = [
        "view",
        "trigger",
        "update_details",
        "cancel",
        "task:add",
        "task:update",
        "task:assign",
        "task:update_date",
        "delete",
    ];
    let mut clients = Vec::new();
    for grant in grants {
        let scope = format!("workflow:execution:{grant}");
        clients.push((grant, host.client(&tenant, "epilot", &[&scope], "live").await));
    }
    for (needed, method, path, body) in &calls {
        let json = [("content-type", "application/json")];
        let body = body.as_ref().map(|body| body.to_string().into_bytes());
        for (_, client) in clients.iter().filter(|(grant, _)| grant != needed) {
            let refused = client.send(method, path, &json, body.clone()).await;
            assert_eq!((refused.status, message(&refused)), (403, "Forbidden".into()), "{method} {path} with {needed}");
        }
        let (_, client) = clients.iter().find(|(grant, _)| grant == needed).unwrap();
        let answer = client.send(method, path, &json, body).await;
        assert!(answer.status < 300, "{method} {path} with {needed}: {} {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn who_is_assigned_may_update_with_a_grant_for_just_that() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let all = host.client(&tenant, "epilot", GRANTS, "live").await;
    let mut body = definition("Some", &[("", &["a", "b"])]);
    body["flow"][0]["assignedTo"] = json!(["42"]);
    let workflow = defined(&all, &body).await;
    let made = started(&all, &workflow).await;
    let key = json!({"dialect": "epilot", "scopes": ["workflow:execution:task:update_assigned"], "subject": "42"});
    let key = host.operator.post(&format!("{}/keys", tenant.base), &key).await.expect(201).json();
    let own = all.with_key(key["key"].as_str().unwrap());
    let path = |name: &str| format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&made, name)));
    let completed = own.json("PATCH", &path("a"), &json!({"status": "COMPLETED"})).await.expect(200).json();
    assert_eq!(completed["status"], "COMPLETED");
    own.json("PATCH", &path("b"), &json!({"status": "COMPLETED"})).await.expect(403);
    own.json("PATCH", &path("a"), &json!({"assignedTo": ["43"]})).await.expect(403);
    assert_eq!(step_of(&shown(&all, &id(&made)).await, "b")["status"], "PENDING");
}
