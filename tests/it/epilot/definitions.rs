use super::{DEFINITIONS, TEMPLATES, flow, member, message, template};
use crate::support::TestHost;
use serde_json::{Value, json};

/// The vendor's own example.
fn example() -> Value {
    let step = |name: &str, order: u32| json!({"name": name, "type": "STEP", "order": order, "assignedTo": ["123482"]});
    json!({
        "name": "Lead Qualification", "description": "Lead Qualification description",
        "dueDate": "2022-08-04T12:00:00.000Z", "assignedTo": ["952802", "80225"],
        "flow": [
            {"name": "Initial Information Gathering", "order": 1, "type": "SECTION", "steps": [
                step("Call client and confirm address and product", 1),
                step("Check product availability", 2),
                step("Send email confirming contact with the client", 3),
            ]},
            step("Print and send catalog", 2),
        ],
    })
}

#[tokio::test]
async fn a_definition_is_created_shown_replaced_and_deleted() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = client.post(DEFINITIONS, &example()).await.expect(201).json();
    assert_eq!(made["dueDate"], "2022-08-04T12:00:00.000Z");
    assert_eq!(made["creationTime"], "2026-11-22T09:00:00.000Z");
    assert_eq!(made["flow"][0]["steps"][1]["name"], "Check product availability");
    assert_eq!(made["flow"][1]["assignedTo"], json!(["123482"]));
    assert!(made["flow"][0]["id"].is_string() && made["flow"][0]["steps"][0]["id"].is_string());
    let one = format!("{DEFINITIONS}/{}", made["id"].as_str().unwrap());
    assert_eq!(client.get(&one).await.expect(200).json(), made);
    assert_eq!(client.get(DEFINITIONS).await.expect(200).json(), json!([made]));

    let mut next = made.clone();
    next["flow"].as_array_mut().unwrap().remove(0);
    let saved = client.json("PUT", &one, &next).await.expect(200).json();
    assert_eq!(saved["flow"].as_array().unwrap().len(), 1);
    assert_eq!(saved["flow"][0]["id"], made["flow"][1]["id"]);
    assert_ne!(saved["lastUpdateTime"], made["lastUpdateTime"]);

    client.delete(&one).await.expect(204);
    let gone = client.get(&one).await.expect(404);
    assert!(message(&gone).starts_with("Definition with id '"), "{}", gone.text);
    assert_eq!(client.get(DEFINITIONS).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn v1_and_v2_show_the_same_thing() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = client.post(DEFINITIONS, &example()).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    let shown = client.get(&format!("{TEMPLATES}/{id}")).await.expect(200).json();
    assert_eq!((&shown["version"], &shown["linear"]), (&json!("v2"), &json!(false)));
    assert_eq!(shown["tasks"].as_array().unwrap().len(), 4);
    assert_eq!(shown["edges"].as_array().unwrap().len(), 3);
    assert_eq!(shown["phases"][0]["id"], made["flow"][0]["id"]);
    client.json("PUT", &format!("{TEMPLATES}/{id}"), &shown).await.expect(200);
    let again = client.get(&format!("{DEFINITIONS}/{id}")).await.expect(200).json();
    assert_eq!(again["flow"], made["flow"]);

    let v2 = template(&client, &flow("Made in V2")).await;
    let as_v1 = client.get(&format!("{DEFINITIONS}/{}", v2["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(
        as_v1["flow"][0],
        json!({"id": "a", "name": "a", "order": 1, "type": "STEP", "executionType": "MANUAL"})
    );
    assert_eq!(as_v1["flow"][1]["id"], "b");
}

#[tokio::test]
async fn a_definition_in_v1_keeps_what_only_v2_can_say() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let mut body = flow("Triggered");
    body["trigger"] = json!({"type": "journey_submission", "journey_id": "j1"});
    let id = template(&client, &body).await["id"].as_str().unwrap().to_owned();
    let shown = client.get(&format!("{DEFINITIONS}/{id}")).await.expect(200).json();
    client.json("PUT", &format!("{DEFINITIONS}/{id}"), &shown).await.expect(200);
    let kept = client.get(&format!("{TEMPLATES}/{id}")).await.expect(200).json();
    assert_eq!(kept["trigger"], body["trigger"]);
}

#[tokio::test]
async fn faults_of_a_definition_are_told_where_v1_has_them() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for (body, expected) in [
        (json!({"name": "abc"}), "flow is required"),
        (json!({"name": "abc", "flow": [{"name": "x", "type": "STEP"}]}), "flow[0].order is required"),
        (
            json!({"name": "abc", "flow": [{"name": "x", "type": "SECTION", "order": 1, "steps": []}]}),
            "flow[0] has no task",
        ),
        (
            json!({"name": "abc", "flow": [{"name": "x", "type": "STEP", "order": 1, "executionType": "AUTOMATION"}]}),
            "flow[0].automationConfig is required",
        ),
        (
            json!({"name": "abc", "flow": [], "closingReasons": [{"id": "nobodys"}]}),
            "closingReasons[0].id no closing reason has the id 'nobodys'",
        ),
    ] {
        let refused = client.post(DEFINITIONS, &body).await.expect(400);
        assert_eq!(message(&refused), format!("Validation failed: {expected}"));
    }
}
