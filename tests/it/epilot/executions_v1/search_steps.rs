use super::{EXECUTIONS, defined, definition, id, started, step_of, with_contacts};
use crate::epilot::{member, message};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

async fn search(client: &Client, body: &Value) -> Value {
    client.post(&format!("{EXECUTIONS}/steps/search"), body).await.expect(200).json()
}

/// `execution/step` of what is found, in order; the hits are all of it.
async fn steps(client: &Client, body: Value) -> Vec<String> {
    let found = search(client, &body).await;
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let results = found["results"].as_array().unwrap().iter();
    let names: Vec<String> = results.map(|s| format!("{}/{}", text(&s["executionName"]), text(&s["name"]))).collect();
    assert_eq!(found["hits"], json!(names.len()), "{found}");
    names
}

async fn patch(client: &Client, execution: &Value, step: &str, body: Value) {
    let path = format!("{EXECUTIONS}/{}/steps/{}", id(execution), id(&step_of(execution, step)));
    client.json("PATCH", &path, &body).await.expect(200);
}

#[tokio::test]
async fn steps_are_found_by_everything_a_search_can_say() {
    let (host, client, _) = with_contacts(&["c1"]).await;
    let one = defined(&client, &definition("Eins", &[("s", &["call", "check"]), ("", &["print"])])).await;
    let two = defined(&client, &definition("Zwei", &[("", &["Call back", "wait"])])).await;
    let body = json!({"workflowId": one, "contexts": [{"id": "c1", "schema": "contact"}]});
    let first = client.post(EXECUTIONS, &body).await.expect(201).json();
    host.advance_secs(1);
    let second = started(&client, &two).await;
    let newest_first = ["Zwei/Call back", "Zwei/wait", "Eins/call", "Eins/check", "Eins/print"];
    assert_eq!(steps(&client, json!({})).await, newest_first);
    assert_eq!(steps(&client, json!({"status": "NEXT_OPEN_ITEM_IN_WORKFLOW"})).await, ["Zwei/Call back", "Eins/call"]);

    patch(&client, &first, "call", json!({"status": "SKIPPED", "assignedTo": ["7"]})).await;
    patch(&client, &first, "print", json!({"assignedTo": ["7", "x"]})).await;
    patch(&client, &second, "wait", json!({"assignedTo": ["7"], "dueDate": "2026-12-01"})).await;
    let added = json!({"name": "Extra call", "insertionIndex": 1});
    client.post(&format!("{EXECUTIONS}/{}/steps", id(&second)), &added).await.expect(201);
    let body = json!({"status": "OPEN", "sorting": "TRIGGER_DATE_ASC"});
    assert_eq!(
        steps(&client, body).await,
        ["Eins/check", "Eins/print", "Zwei/Call back", "Zwei/Extra call", "Zwei/wait"]
    );
    assert_eq!(steps(&client, json!({"status": "COMPLETE"})).await, ["Eins/call"]);
    assert_eq!(steps(&client, json!({"status": "NEXT_OPEN_ITEM_IN_WORKFLOW"})).await, ["Zwei/Call back", "Eins/check"]);
    assert_eq!(steps(&client, json!({"manuallyCreated": true})).await, ["Zwei/Extra call"]);
    assert_eq!(
        steps(&client, json!({"manuallyCreated": false, "executionName": "zWEI"})).await,
        ["Zwei/Call back", "Zwei/wait"]
    );
    let calls = json!({"stepName": "CALL", "sorting": "A_Z"});
    assert_eq!(steps(&client, calls).await, ["Eins/call", "Zwei/Call back", "Zwei/Extra call"]);
    assert_eq!(steps(&client, json!({"stepName": "c%l"})).await, [""; 0]);
    assert_eq!(steps(&client, json!({"assignedTo": 7})).await, ["Zwei/wait", "Eins/call", "Eins/print"]);
    assert_eq!(steps(&client, json!({"assignedTo": 7, "status": "OPEN"})).await, ["Zwei/wait", "Eins/print"]);
    assert_eq!(steps(&client, json!({"assignedTo": 8})).await, [""; 0]);
    let sorted = json!({"sorting": "DUE_DATE_DESC", "status": "OPEN"});
    assert_eq!(steps(&client, sorted).await[0], "Zwei/wait");

    let found = search(&client, &json!({"executionName": "eins", "status": "OPEN"})).await;
    let shown = &found["results"][0];
    assert_eq!((&shown["executionId"], &shown["executionStatus"]), (&first["id"], &json!("STARTED")));
    assert_eq!(shown["contexts"], json!([{"id": "c1", "schema": "contact", "title": "Contact c1"}]));
    assert_eq!((&shown["type"], &shown["sectionId"]), (&json!("STEP"), &first["flow"][0]["id"]));

    // Of an execution that is over, only when that is asked for.
    client.json("PATCH", &format!("{EXECUTIONS}/{}", id(&first)), &json!({"status": "CLOSED"})).await.expect(204);
    assert_eq!(steps(&client, json!({"assignedTo": 7})).await, ["Zwei/wait"]);
    assert_eq!(steps(&client, json!({"status": "COMPLETE"})).await, [""; 0]);
    let all = json!({"includeDoneWorkflows": true, "executionName": "Eins"});
    assert_eq!(steps(&client, all).await, ["Eins/call", "Eins/check", "Eins/print"]);
    let open = json!({"includeDoneWorkflows": true, "assignedTo": 7, "status": "OPEN"});
    assert_eq!(steps(&client, open).await, ["Zwei/wait", "Eins/print"]);
    // What is gone is not found.
    client.delete(&format!("{EXECUTIONS}/{}/steps/{}", id(&second), id(&step_of(&second, "wait")))).await.expect(204);
    assert_eq!(steps(&client, json!({"assignedTo": 7})).await, [""; 0]);
    client.delete(&format!("{EXECUTIONS}/{}", id(&second))).await.expect(204);
    assert_eq!(steps(&client, json!({})).await, [""; 0]);
}

#[tokio::test]
async fn steps_come_in_pages_in_every_order() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let names: Vec<String> = (0..12).map(|n| format!("step {n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let workflow = defined(&client, &definition("Long", &[("", &names)])).await;
    for _ in 0..3 {
        host.advance_secs(1);
        let made = started(&client, &workflow).await;
        patch(&client, &made, "step 03", json!({"dueDate": "2026-12-01"})).await;
    }
    let key = |step: &Value| (step["executionId"].as_str().unwrap().to_owned(), id(step));
    for sorting in ["A_Z", "Z_A", "DUE_DATE_ASC", "DUE_DATE_DESC", "TRIGGER_DATE_ASC", "TRIGGER_DATE_DESC"] {
        let mut seen = std::collections::BTreeSet::new();
        for (from, size, expected) in [(0, 20, 20), (20, 10, 10), (30, 100, 6), (36, 5, 0)] {
            let page = search(&client, &json!({"sorting": sorting, "pagination": {"from": from, "size": size}})).await;
            assert_eq!(page["hits"], 36);
            let results = page["results"].as_array().unwrap();
            assert_eq!(results.len(), expected, "{sorting} {from}");
            seen.extend(results.iter().map(key));
        }
        assert_eq!(seen.len(), 36, "{sorting}");
    }
    let first = search(&client, &json!({"sorting": "DUE_DATE_ASC"})).await;
    let names: Vec<&Value> = first["results"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!((names.len(), &names[..3]), (10, &[&json!("step 03"); 3][..]));
}

#[tokio::test]
async fn a_wrong_search_of_steps_is_told() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for (body, expected) in [
        (json!({"status": "DONE"}), "status must be one of OPEN, COMPLETE, NEXT_OPEN_ITEM_IN_WORKFLOW"),
        (json!({"assignedTo": "7"}), "assignedTo must be a number"),
        (json!({"pagination": {"size": 0}}), "pagination.size must be a whole number from 1 to 100"),
        (json!({"pagination": {"size": 101}}), "pagination.size must be a whole number from 1 to 100"),
        (json!({"pagination": {"from": -1}}), "pagination.from must be a whole number from 0 to 10000"),
        (json!({"pagination": {"from": 9_995}}), "pagination.from must be at most 10000 together with size"),
        (json!({"manuallyCreated": 1}), "manuallyCreated must be true or false"),
    ] {
        let refused = client.post(&format!("{EXECUTIONS}/steps/search"), &body).await.expect(400);
        assert_eq!(message(&refused), format!("Validation failed: {expected}"));
    }
}
