use super::{EXECUTIONS, defined, definition, id, with_contacts};
use crate::epilot::{member, message};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

/// Starts an execution of a definition of this name at a second of its own, and gives its id.
async fn start(host: &TestHost, client: &Client, name: &str) -> String {
    let workflow = defined(client, &definition(name, &[("", &["a"])])).await;
    host.advance_secs(1);
    id(&super::started(client, &workflow).await)
}

async fn patch(client: &Client, execution: &str, body: Value) {
    client.json("PATCH", &format!("{EXECUTIONS}/{execution}"), &body).await.expect(204);
}

async fn search(client: &Client, body: &Value) -> Value {
    client.post(&format!("{EXECUTIONS}/search"), body).await.expect(200).json()
}

/// The names that are found, in order.
async fn names(client: &Client, body: Value) -> Vec<String> {
    let found = search(client, &body).await;
    assert!(found.get("lastEvaluatedKey").is_none(), "{found}");
    found["executions"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn executions_are_found_by_name_status_and_assignee() {
    let (host, client, _) = with_contacts(&[]).await;
    let lead = start(&host, &client, "Lead Ängste 100%").await;
    let done = start(&host, &client, "Lead done").await;
    let closed = start(&host, &client, "Closed one").await;
    let gone = start(&host, &client, "Lead gone").await;
    patch(&client, &lead, json!({"assignedTo": ["7", "8"]})).await;
    patch(&client, &done, json!({"status": "DONE", "assignedTo": ["7"]})).await;
    patch(&client, &closed, json!({"status": "CLOSED"})).await;
    client.delete(&format!("{EXECUTIONS}/{gone}")).await.expect(204);

    assert_eq!(names(&client, json!({})).await, ["Lead Ängste 100%"]);
    let all = json!({"includeDoneWorkflows": true});
    assert_eq!(names(&client, all).await, ["Closed one", "Lead done", "Lead Ängste 100%"]);
    assert_eq!(names(&client, json!({"status": "DONE"})).await, ["Lead done"]);
    assert_eq!(names(&client, json!({"status": "CLOSED", "includeDoneWorkflows": false})).await, ["Closed one"]);
    for part in ["lead ÄNGSTE", "100%", "ä", ""] {
        assert_eq!(names(&client, json!({"name": part})).await, ["Lead Ängste 100%"], "{part}");
    }
    for part in ["Lead%", "L_ad", "\\", "gone", "Lead  "] {
        assert_eq!(names(&client, json!({"name": part, "includeDoneWorkflows": true})).await, [""; 0], "{part}");
    }
    assert_eq!(names(&client, json!({"assignedTo": "7"})).await, ["Lead Ängste 100%"]);
    let all = json!({"assignedTo": "7", "includeDoneWorkflows": true, "sorting": "A_Z"});
    assert_eq!(names(&client, all).await, ["Lead done", "Lead Ängste 100%"]);
    assert_eq!(names(&client, json!({"assignedTo": "9"})).await, [""; 0]);
    // What changes is found where it has gone to.
    patch(&client, &done, json!({"status": "STARTED"})).await;
    patch(&client, &lead, json!({"assignedTo": []})).await;
    assert_eq!(names(&client, json!({"assignedTo": "7"})).await, ["Lead done"]);
}

#[tokio::test]
async fn executions_come_in_every_order_with_missing_due_dates_last() {
    let (host, client, _) = with_contacts(&[]).await;
    for (name, due) in [
        ("delta", Some("2026-12-03")),
        ("Alpha", None),
        ("charlie", Some("2026-12-01T12:00:00+02:00")),
        ("bravo", Some("2026-12-01T11:00:00.000")),
        ("echo", None),
    ] {
        let one = start(&host, &client, name).await;
        if let Some(due) = due {
            patch(&client, &one, json!({"dueDate": due})).await;
        }
    }
    for (sorting, expected) in [
        ("A_Z", ["Alpha", "bravo", "charlie", "delta", "echo"]),
        ("Z_A", ["echo", "delta", "charlie", "bravo", "Alpha"]),
        ("DUE_DATE_ASC", ["charlie", "bravo", "delta", "Alpha", "echo"]),
        ("DUE_DATE_DESC", ["delta", "bravo", "charlie", "echo", "Alpha"]),
        ("TRIGGER_DATE_ASC", ["delta", "Alpha", "charlie", "bravo", "echo"]),
        ("TRIGGER_DATE_DESC", ["echo", "bravo", "charlie", "Alpha", "delta"]),
    ] {
        assert_eq!(names(&client, json!({"sorting": sorting})).await, expected, "{sorting}");
    }
}

#[tokio::test]
async fn pages_show_every_execution_once_in_every_order() {
    let (host, client, org) = with_contacts(&[]).await;
    let workflows = [
        defined(&client, &definition("One name", &[("", &["a"])])).await,
        defined(&client, &definition("Other name", &[("", &["a"])])).await,
    ];
    let mut all = std::collections::BTreeSet::new();
    for n in 0..60 {
        host.advance_secs(1);
        let made = super::started(&client, &workflows[n % 2]).await;
        if n % 3 == 0 {
            patch(&client, &id(&made), json!({"dueDate": format!("2026-12-{:02}", 1 + n % 7)})).await;
        }
        if n % 5 == 0 {
            patch(&client, &id(&made), json!({"status": "DONE"})).await;
        }
        all.insert(id(&made));
    }
    for sorting in ["A_Z", "Z_A", "DUE_DATE_ASC", "DUE_DATE_DESC", "TRIGGER_DATE_ASC", "TRIGGER_DATE_DESC"] {
        let mut body = json!({"sorting": sorting, "includeDoneWorkflows": true});
        let mut seen = Vec::new();
        let mut pages = Vec::new();
        loop {
            let page = search(&client, &body).await;
            let found = page["executions"].as_array().unwrap();
            pages.push(found.len());
            seen.extend(found.iter().map(id));
            match page.get("lastEvaluatedKey") {
                Some(last) => {
                    assert_eq!(last["orgId"], json!(org));
                    body["pagination"] = last.clone();
                }
                None => break,
            }
        }
        assert_eq!(pages, [25, 25, 10], "{sorting}");
        assert_eq!(seen.iter().cloned().collect::<std::collections::BTreeSet<_>>(), all, "{sorting}");
    }
}

#[tokio::test]
async fn a_wrong_search_of_executions_is_told() {
    let host = TestHost::start().await;
    let (client, org) = member(&host).await;
    let sortings = "A_Z, Z_A, DUE_DATE_ASC, DUE_DATE_DESC, TRIGGER_DATE_ASC, TRIGGER_DATE_DESC";
    for (body, expected) in [
        (json!({"sorting": "UP"}), format!("sorting must be one of {sortings}")),
        (json!({"status": "OPEN"}), "status must be one of STARTED, DONE, CLOSED".into()),
        (json!({"name": "x".repeat(256)}), "name must be a text of at most 255 characters".into()),
        (json!({"includeDoneWorkflows": "yes"}), "includeDoneWorkflows must be true or false".into()),
        (
            json!({"pagination": {"orgId": "739224"}}),
            "pagination.orgId must be the organization the key belongs to".into(),
        ),
        (
            json!({"pagination": {"orgId": org, "creationTime": "then"}}),
            "pagination.creationTime must be the creationTime of a lastEvaluatedKey".into(),
        ),
    ] {
        let refused = client.post(&format!("{EXECUTIONS}/search"), &body).await.expect(400);
        assert_eq!(message(&refused), format!("Validation failed: {expected}"));
    }
    let gone = json!({"sorting": "A_Z", "pagination": {"creationTime": "2026-01-01T00:00:00Z"}});
    let refused = client.post(&format!("{EXECUTIONS}/search"), &gone).await.expect(400);
    assert!(message(&refused).starts_with("Invalid pagination.creationTime"));
    assert_eq!(client.post_empty(&format!("{EXECUTIONS}/search")).await.expect(200).json(), json!({"executions": []}));
}
