//! Executions that were started before there were lists of them.

use super::{EXECUTIONS, defined, definition, id, started, step_of};
use crate::epilot::member;
use crate::support::host::TestClock;
use crate::support::{Client, TestHost};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use stepwright_store::StoreOptions;

/// What the migration does on a database that holds executions already.
const MIGRATION: &str = include_str!("../../../../migrations/sqlite/0032_flows_to_list.sql");

async fn found(client: &Client, what: &str, body: Value) -> Vec<String> {
    let found = client.post(&format!("{EXECUTIONS}/{what}"), &body).await.expect(200).json();
    let items = found.get("executions").or(found.get("results")).and_then(Value::as_array).expect("a list");
    items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn executions_that_no_list_knows_are_put_into_the_lists() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("test.db").display());
    let clock = TestClock::at("2026-11-22T09:00:00Z");
    let host = TestHost::start_on(&url, &StoreOptions::default(), clock).await;
    let (client, org) = member(&host).await;
    let contact = format!("/platform/v1/tenants/{org}/entities/contact/c1");
    host.operator.json("PUT", &contact, &json!({"attributes": {}})).await.expect(201);
    let mut all = Vec::new();
    for name in ["Unknown", "Partly known", "Known", "Deleted"] {
        let workflow = defined(&client, &definition(name, &[("s", &["a", "b", "c"])])).await;
        host.advance_secs(1);
        let start = json!({"workflowId": workflow, "contexts": [{"id": "c1", "schema": "contact"}]});
        all.push(client.post(EXECUTIONS, &start).await.expect(201).json());
    }
    let softly = format!("/v2/flows/executions/{}?soft=true", id(&all[3]));
    client.delete(&softly).await.expect(204);

    let mut database = SqliteConnection::connect(&url).await.unwrap();
    for forgotten in [
        "DELETE FROM flow_list WHERE name_key = 'unknown'",
        "DELETE FROM flow_tasks WHERE flow_key IN ('unknown', 'partly known')",
        "UPDATE flow_entities SET started = 0 WHERE execution_id NOT IN (SELECT execution_id FROM flow_list)",
    ] {
        sqlx::query(forgotten).execute(&mut database).await.unwrap();
    }
    // One of which lists know a part goes on, and tells them only what has changed.
    let a = format!("{EXECUTIONS}/{}/steps/{}", id(&all[1]), id(&step_of(&all[1], "a")));
    client.json("PATCH", &a, &json!({"status": "COMPLETED"})).await.expect(200);
    assert_eq!(found(&client, "search", json!({})).await, ["Known", "Partly known"]);
    let (_, insert) = MIGRATION.split_once("INSERT").unwrap();
    let told = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("INSERT{insert}"))).execute(&mut database).await.unwrap();
    assert_eq!(told.rows_affected(), 2);

    let version = |shown: &Value| shown["version"].clone();
    host.app.list_flows_once().await.unwrap();
    assert_eq!(found(&client, "search", json!({})).await, ["Known", "Partly known", "Unknown"]);
    let open = found(&client, "steps/search", json!({"pagination": {"from": 0, "size": 20}})).await;
    assert_eq!(open.len(), 9, "{open:?}");
    let next = json!({"status": "NEXT_OPEN_ITEM_IN_WORKFLOW", "executionName": "partly"});
    assert_eq!(found(&client, "steps/search", next).await, ["b"]);
    let listed = client.get(&format!("{EXECUTIONS}?schema=contact")).await.expect(200).json();
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Known", "Partly known", "Unknown"]);
    // Nothing of them has changed for those who look at them, and there is nothing left to be done.
    assert_eq!(version(&super::shown(&client, &id(&all[0])).await), version(&all[0]));
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM flows_to_list").fetch_one(&mut database).await.unwrap();
    assert_eq!(left, 0);
    started(&client, listed[0]["definitionId"].as_str().unwrap()).await;
    assert_eq!(found(&client, "search", json!({})).await.len(), 4);
}
