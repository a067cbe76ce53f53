use super::{EXECUTIONS, defined, definition, id, outline, section_of, shown, started, step_of};
use crate::epilot::{edge, manual, member, message, template};
use crate::support::{Client, TestHost};
use serde_json::{Value, json};

/// Two sections with a step between them and one behind: `[a b] c [d e] f`.
async fn sections(client: &Client) -> Value {
    let items: &[(&str, &[&str])] = &[("p", &["a", "b"]), ("", &["c"]), ("q", &["d", "e"]), ("", &["f"])];
    let workflow = defined(client, &definition("Sections", items)).await;
    started(client, &workflow).await
}

async fn add(client: &Client, execution: &Value, index: usize, section: Option<&str>) -> Value {
    let section = section.map(|name| section_of(execution, name));
    let body = json!({"name": "n", "insertionIndex": index, "sectionId": section});
    client.post(&format!("{EXECUTIONS}/{}/steps", id(execution)), &body).await.expect(201).json()
}

#[tokio::test]
async fn a_step_is_added_at_every_place_inside_and_outside_of_sections() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for (section, index, expected) in [
        (Some("p"), 0, "[n a b] c [d e] f"),
        (Some("p"), 1, "[a n b] c [d e] f"),
        (Some("p"), 2, "[a b n] c [d e] f"),
        (Some("q"), 0, "[a b] c [n d e] f"),
        (Some("q"), 1, "[a b] c [d n e] f"),
        (Some("q"), 9, "[a b] c [d e n] f"),
        (None, 0, "n [a b] c [d e] f"),
        (None, 1, "[a b] n c [d e] f"),
        (None, 2, "[a b] c n [d e] f"),
        (None, 3, "[a b] c [d e] n f"),
        (None, 4, "[a b] c [d e] f n"),
        (None, 99, "[a b] c [d e] f n"),
    ] {
        let made = sections(&client).await;
        let added = add(&client, &made, index, section).await;
        assert_eq!((&added["manuallyCreated"], &added["status"]), (&json!(true), &json!("PENDING")));
        assert_eq!(added.get("sectionId").cloned(), section.map(|name| json!(section_of(&made, name))));
        let now = shown(&client, &id(&made)).await;
        assert_eq!(outline(&now), expected, "{section:?} {index}");
        assert_eq!(step_of(&now, "n"), added);
    }
}

#[tokio::test]
async fn a_step_is_moved_to_every_place_and_not_moved_where_it_is() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for (step, section, index, expected) in [
        ("a", Some("p"), 0, "[a b] c [d e] f"),
        ("a", Some("p"), 1, "[b a] c [d e] f"),
        ("b", Some("p"), 0, "[b a] c [d e] f"),
        ("b", Some("q"), 0, "[a] c [b d e] f"),
        ("e", Some("p"), 1, "[a e b] c [d] f"),
        ("c", Some("q"), 2, "[a b] [d e c] f"),
        ("a", None, 0, "a [b] c [d e] f"),
        ("d", None, 1, "[a b] d c [e] f"),
        ("f", None, 0, "f [a b] c [d e]"),
        ("c", None, 3, "[a b] [d e] f c"),
        ("c", None, 1, "[a b] c [d e] f"),
    ] {
        let made = sections(&client).await;
        let path = format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&made, step)));
        let section_id = section.map(|name| section_of(&made, name));
        let body = json!({"position": {"index": index, "sectionId": section_id}});
        let moved = client.json("PATCH", &path, &body).await.expect(200).json();
        assert_eq!(moved.get("sectionId").cloned(), section_id.map(Value::from));
        assert_eq!(outline(&shown(&client, &id(&made)).await), expected, "{step} {section:?} {index}");
    }
}

#[tokio::test]
async fn steps_are_taken_out_until_none_is_left() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = sections(&client).await;
    for (step, expected) in
        [("c", "[a b] [d e] f"), ("a", "[b] [d e] f"), ("b", "[] [d e] f"), ("f", "[] [d e]"), ("d", "[] [e]")]
    {
        let path = format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&made, step)));
        client.delete(&path).await.expect(204);
        assert_eq!(message(&client.delete(&path).await.expect(404)), "Step not found");
        assert_eq!(outline(&shown(&client, &id(&made)).await), expected, "{step}");
    }
    // An emptied section takes steps again, where it stands.
    let now = shown(&client, &id(&made)).await;
    add(&client, &now, 0, Some("p")).await;
    let now = shown(&client, &id(&made)).await;
    assert_eq!(outline(&now), "[n] [e]");
    assert_eq!(now["nextOpenStep"]["id"], step_of(&now, "n")["id"]);
}

#[tokio::test]
async fn an_execution_that_is_worked_through_is_done() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = sections(&client).await;
    add(&client, &made, 1, Some("p")).await;
    for step in ["a", "n", "b", "c", "d", "e", "f"] {
        let now = shown(&client, &id(&made)).await;
        assert_eq!(now["nextOpenStep"]["id"], step_of(&now, step)["id"], "{step}");
        let path = format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&now, step)));
        host.advance_secs(60);
        client.json("PATCH", &path, &json!({"status": "IN_PROGRESS", "assignedToInProgress": "7"})).await.expect(200);
        let body = json!({"status": "COMPLETED", "completedTime": "2026-11-22T08:30:00Z"});
        let done = client.json("PATCH", &path, &body).await.expect(200).json();
        assert_eq!(
            (&done["status"], &done["completedTime"]),
            (&json!("COMPLETED"), &json!("2026-11-22T08:30:00.000Z"))
        );
        assert_eq!(done["assignedToInProgress"], "7");
        assert!(done["startedTime"].is_string() && done["statusLastUpdated"].is_string());
    }
    let now = shown(&client, &id(&made)).await;
    assert_eq!(now["status"], "DONE");
    assert_eq!((&now["flow"][0]["status"], &now["flow"][2]["status"]), (&json!("COMPLETED"), &json!("COMPLETED")));
    assert!(now["completedTime"].is_string() && now.get("nextOpenStep").is_none());
}

#[tokio::test]
async fn a_step_is_changed_all_at_once_or_not_at_all() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = sections(&client).await;
    let path = format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&made, "a")));
    let body = json!({"name": "renamed", "description": {"enabled": true, "value": "how"}, "assignedTo": ["5", "x"],
        "dueDate": "2026-12-01T00:00:00.000", "status": "ASSIGNED", "assignedToOnHold": "9", "stepId": "other",
        "entityRefId": "ref-7",
        "dynamicDueDate": {"numberOfUnits": 1, "timePeriod": "weeks", "actionTypeCondition": "STEP_CLOSED", "stepId": "b"},
        "position": {"index": 1, "sectionId": section_of(&made, "p")}, "startedTime": "2026-11-01T00:00:00Z"});
    let changed = client.json("PATCH", &path, &body).await.expect(200).json();
    for (member, expected) in [
        ("name", json!("renamed")),
        ("description", json!({"enabled": true, "value": "how"})),
        ("assignedTo", json!(["5", "x"])),
        ("userIds", json!([5])),
        ("dueDate", json!("2026-12-01T00:00:00.000")),
        ("status", json!("PENDING")),
        ("assignedToOnHold", json!("9")),
        ("entityRefId", json!("ref-7")),
        ("startedTime", json!("2026-11-01T00:00:00.000Z")),
    ] {
        assert_eq!(changed[member], expected, "{member}");
    }
    assert_eq!(changed["dynamicDueDate"]["stepId"], "b");
    let before = shown(&client, &id(&made)).await;
    assert_eq!(outline(&before), "[b renamed] c [d e] f");
    assert_eq!(before["nextOpenStep"], json!({"id": step_of(&before, "b")["id"]}));
    let b = format!("{EXECUTIONS}/{}/steps/{}", id(&made), id(&step_of(&before, "b")));
    client.json("PATCH", &b, &json!({"entityRefId": "ref-b"})).await.expect(200);
    let seen = shown(&client, &id(&made)).await;
    assert_eq!(seen["nextOpenStep"], json!({"id": step_of(&before, "b")["id"], "entityRefId": "ref-b"}));
    let cleared = client.json("PATCH", &b, &json!({"entityRefId": ""})).await.expect(200).json();
    assert!(cleared.get("entityRefId").is_none(), "{cleared}");
    let users = client.json("PATCH", &path, &json!({"userIds": [11, 12]})).await.expect(200).json();
    assert_eq!(users["assignedTo"], json!(["11", "12"]));

    let before = shown(&client, &id(&made)).await;
    let wrong = [
        (json!({"status": "SCHEDULED"}), "Invalid status transition from PENDING to SCHEDULED"),
        (
            json!({"name": "x", "position": {"index": 0}, "status": "FAILED"}),
            "Invalid status transition from PENDING to FAILED",
        ),
        (json!({"position": {"index": 0, "sectionId": "nobodys"}}), "Invalid sectionId (section not found)"),
        (json!({"position": {"index": -1}}), "Validation failed: position.index must be a whole number from 0"),
        (json!({"position": {}}), "Validation failed: position.index is required"),
        (json!({"name": ""}), "Validation failed: name must be a text of 1 to 255 characters"),
        (json!({"description": {"value": "x"}}), "Validation failed: description.enabled is required"),
        (
            json!({"dueDate": 5}),
            "Validation failed: dueDate must be a date-time, for example 2026-05-28T00:00:00.000 or 2026-05-28T09:30:00Z",
        ),
    ];
    for (body, expected) in wrong {
        assert_eq!(message(&client.json("PATCH", &path, &body).await.expect(400)), expected, "{body}");
    }
    assert_eq!(shown(&client, &id(&made)).await, before);
    let missing = client.json("PATCH", &format!("{path}x"), &json!({"name": "x"})).await.expect(404);
    assert_eq!(message(&missing), "Step not found");
}

#[tokio::test]
async fn a_step_to_be_added_is_checked() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = sections(&client).await;
    let steps = format!("{EXECUTIONS}/{}/steps", id(&made));
    for (body, expected) in [
        (json!({"insertionIndex": 0}), "Validation failed: name is required"),
        (
            json!({"name": "n", "insertionIndex": 1.5}),
            "Validation failed: insertionIndex must be a whole number from 0",
        ),
        (json!({"name": "n", "insertionIndex": 0, "sectionId": "nobodys"}), "Invalid sectionId (section not found)"),
        (
            json!({"name": "n", "insertionIndex": 0, "executionType": "AUTOMATION"}),
            "Validation failed: automationConfig is required",
        ),
        (
            json!({"name": "n", "insertionIndex": 0, "status": "SCHEDULED"}),
            "Invalid status transition from PENDING to SCHEDULED",
        ),
    ] {
        assert_eq!(message(&client.post(&steps, &body).await.expect(400)), expected, "{body}");
    }
    assert_eq!(shown(&client, &id(&made)).await, made);
    let body = json!({"name": "n", "insertionIndex": 4, "status": "UNASSIGNED", "executionType": "AUTOMATION",
        "automationConfig": {"flowId": "mail"}, "description": {"enabled": false, "value": ""}});
    let added = client.post(&steps, &body).await.expect(201).json();
    assert_eq!(
        (&added["executionType"], &added["automationConfig"]),
        (&json!("AUTOMATION"), &json!({"flowId": "mail"}))
    );
    assert_eq!((&added["status"], &added["definitionId"]), (&json!("PENDING"), &added["id"]));
}

#[tokio::test]
async fn steps_of_a_graph_with_phases_as_nodes_are_placed_too() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let mut tasks = [manual("a"), manual("b"), manual("c"), manual("z")];
    for (i, phase) in ["p", "p", "q"].iter().enumerate() {
        tasks[i]["phase_id"] = json!(phase);
    }
    let body = json!({"name": "Phases", "phases": [{"id": "p", "name": "p"}, {"id": "q", "name": "q"}], "tasks": tasks,
        "edges": [edge("p", "a"), edge("a", "b"), edge("p", "q"), edge("q", "c"), edge("q", "z")]});
    let workflow = id(&template(&client, &body).await);
    for (section, index, expected) in [
        (None, 1, "[a b] n [c] z"),
        (None, 2, "[a b] [c] n z"),
        (Some("q"), 1, "[a b] [c n] z"),
        (None, 9, "[a b] [c] z n"),
    ] {
        let made = started(&client, &workflow).await;
        add(&client, &made, index, section).await;
        assert_eq!(outline(&shown(&client, &id(&made)).await), expected, "{section:?} {index}");
    }
}
