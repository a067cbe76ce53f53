//! What entities show of the executions about them.

use super::{EXECUTIONS, defined, definition, id, step_of, with_contacts};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

async fn entity(host: &TestHost, org: &str) -> Value {
    let path = format!("/platform/v1/tenants/{org}/entities/contact/c1");
    host.operator.get(&path).await.expect(200).json()["attributes"].clone()
}

async fn complete(client: &Client, execution: &Value, step: &str) {
    let path = format!("{EXECUTIONS}/{}/steps/{}", id(execution), id(&step_of(execution, step)));
    client.json("PATCH", &path, &json!({"status": "COMPLETED"})).await.expect(200);
}

#[tokio::test]
async fn an_execution_writes_its_status_section_and_step_to_its_entities() {
    let (host, client, org) = with_contacts(&["c1"]).await;
    let mut body = definition("Synced", &[("first", &["a"]), ("second", &["b"])]);
    let write =
        |source: &str| json!({"source": source, "target": {"entitySchema": "contact", "entityAttribute": source}});
    let sync = json!([write("workflow_status"), write("current_section"), write("current_step")]);
    body["updateEntityAttributes"] = sync.clone();
    let workflow = defined(&client, &body).await;
    let start = json!({"workflowId": workflow, "contexts": [{"id": "c1", "schema": "contact"}]});
    let made = client.post(EXECUTIONS, &start).await.expect(201).json();
    assert_eq!(made["updateEntityAttributes"], sync);
    let seen = |attributes: &Value| {
        ["workflow_status", "current_section", "current_step"].map(|name| attributes[name].clone())
    };
    assert_eq!(seen(&entity(&host, &org).await), [json!("STARTED"), json!("first"), json!("a")]);
    complete(&client, &made, "a").await;
    assert_eq!(seen(&entity(&host, &org).await), [json!("STARTED"), json!("second"), json!("b")]);
    complete(&client, &made, "b").await;
    assert_eq!(seen(&entity(&host, &org).await), [json!("DONE"), Value::Null, Value::Null]);
}

#[tokio::test]
async fn only_a_definition_for_the_portal_shows_so() {
    let (_host, client, _) = with_contacts(&[]).await;
    for shown in [true, false] {
        let mut body = definition("Portal", &[("", &["a"])]);
        body["enableECPWorkflow"] = json!(shown);
        let workflow = defined(&client, &body).await;
        assert_eq!(super::started(&client, &workflow).await["enableECPWorkflow"], shown);
    }
}

#[tokio::test]
async fn an_entity_lists_the_executions_about_it() {
    let (host, client, org) = with_contacts(&["c1"]).await;
    let workflow = defined(&client, &definition("Listed", &[("s", &["a", "b"])])).await;
    let start = json!({"workflowId": workflow, "contexts": [{"id": "c1", "schema": "contact"}]});
    let made = client.post(EXECUTIONS, &start).await.expect(201).json();
    complete(&client, &made, "a").await;
    let listed = entity(&host, &org).await["workflows"][&workflow][0].clone();
    assert_eq!((&listed["id"], &listed["status"], &listed["progress"]), (&made["id"], &json!("STARTED"), &json!(50)));
    assert_eq!((&listed["task_name"], &listed["phase_name"]), (&json!("b"), &json!("s")));
    assert_eq!(entity(&host, &org).await["workflows"]["primary"], listed);
    client.delete(&format!("{EXECUTIONS}/{}", id(&made))).await.expect(204);
    assert_eq!(entity(&host, &org).await.get("workflows"), None);
}
