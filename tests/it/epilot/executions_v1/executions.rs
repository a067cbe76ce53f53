use super::{EXECUTIONS, defined, definition, id, outline, shown, started, step_of, with_contacts};
use crate::epilot::{DEFINITIONS, TEMPLATES, edge, manual, member, message, reason, template};
use crate::support::TestHost;
use serde_json::{Value, json};

#[tokio::test]
async fn an_execution_is_started_from_a_definition_and_shown_whole() {
    let (_host, client, org) = with_contacts(&["c1"]).await;
    let mut body = definition("Lead Qualification", &[("gather", &["call", "check"]), ("", &["print"])]);
    body["flow"][0]["steps"][0]["assignedTo"] = json!(["11"]);
    body["flow"][0]["steps"][1]["requirements"] =
        json!([{"definitionId": "call", "type": "STEP", "condition": "CLOSED"}]);
    body["flow"][1]["dynamicDueDate"] =
        json!({"numberOfUnits": 2, "timePeriod": "days", "actionType": "WORKFLOW_STARTED"});
    body["flow"][1]["executionType"] = json!("AUTOMATION");
    body["flow"][1]["automationConfig"] = json!({"flowId": "send"});
    body["enableECPWorkflow"] = json!(true);
    let workflow = defined(&client, &body).await;
    let start = json!({"workflowId": workflow, "trigger": "AUTOMATIC", "assignedTo": ["252"],
        "contexts": [{"id": "c1", "schema": "contact"}]});
    let made = client.post(EXECUTIONS, &start).await.expect(201).json();
    let instant = "2026-11-22T09:00:00.000Z";
    for (member, expected) in [
        ("definitionId", json!(workflow)),
        ("orgId", json!(org)),
        ("name", json!("Lead Qualification")),
        ("creationTime", json!(instant)),
        ("lastUpdateTime", json!(instant)),
        ("status", json!("STARTED")),
        ("trigger", json!("AUTOMATIC")),
        ("assignedTo", json!(["252"])),
        ("contexts", json!([{"id": "c1", "schema": "contact", "title": "Contact c1"}])),
        ("enableECPWorkflow", json!(true)),
        ("version", json!(1)),
        ("singleClosingReasonSelection", json!(false)),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    for unset in ["dueDate", "completedTime", "lastModifiedBy", "selectedClosingReasons", "taxonomies"] {
        assert!(made.get(unset).is_none(), "{unset}: {made}");
    }
    assert_eq!(outline(&made), "[call check] print");
    let section = &made["flow"][0];
    assert_eq!((&section["type"], &section["status"]), (&json!("SECTION"), &json!("IN_PROGRESS")));
    assert_eq!(section["definitionId"], "gather");
    let call = step_of(&made, "call");
    assert_eq!(made["nextOpenStep"], json!({"id": call["id"]}));
    for (member, expected) in [
        ("type", json!("STEP")),
        ("definitionId", json!("call")),
        ("status", json!("PENDING")),
        ("assignedTo", json!(["11"])),
        ("userIds", json!([11])),
        ("enabled", json!(true)),
        ("executionType", json!("MANUAL")),
        ("executionId", made["id"].clone()),
        ("sectionId", section["id"].clone()),
        ("manuallyCreated", json!(false)),
        ("created", json!(instant)),
    ] {
        assert_eq!(call[member], expected, "{member}");
    }
    let check = step_of(&made, "check");
    assert_eq!(check["enabled"], false);
    assert_eq!(check["requirements"], json!([{"definitionId": "call", "type": "STEP", "condition": "CLOSED"}]));
    let print = step_of(&made, "print");
    assert_eq!(print["dueDate"], "2026-11-24T00:00:00.000");
    assert_eq!(print["dynamicDueDate"]["actionTypeCondition"], "WORKFLOW_STARTED");
    assert_eq!(
        (&print["executionType"], &print["automationConfig"]),
        (&json!("AUTOMATION"), &json!({"flowId": "send"}))
    );
    assert!(print.get("sectionId").is_none());
    assert_eq!(shown(&client, &id(&made)).await, made);
}

#[tokio::test]
async fn an_execution_of_a_flow_template_is_shown_as_sections_and_steps() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let body = json!({"name": "Graph", "tasks": [manual("b"), manual("a"), manual("c")],
        "edges": [edge("a", "b"), edge("b", "c")]});
    let workflow = id(&template(&client, &body).await);
    let made = started(&client, &workflow).await;
    assert_eq!(outline(&made), "a b c");
    assert_eq!(made["contexts"], json!([]));
    let v1 = client.get(&format!("{DEFINITIONS}/{workflow}")).await.expect(200).json();
    assert_eq!(outline(&v1), outline(&made));
}

#[tokio::test]
async fn what_cannot_be_started_is_told() {
    let (_host, client, _) = with_contacts(&[]).await;
    let workflow = defined(&client, &definition("Some", &[("", &["a"])])).await;
    let mut off = definition("Switched off", &[("", &["a"])]);
    off["enabled"] = json!(false);
    let off = defined(&client, &off).await;
    for (body, expected) in [
        (json!({}), "Validation failed: workflowId is required"),
        (json!({"workflowId": "nobodys"}), "Invalid workflowId (definition not found)"),
        (
            json!({"workflowId": workflow, "trigger": "BY_MAGIC"}),
            "Validation failed: trigger must be one of MANUAL, AUTOMATIC",
        ),
        (
            json!({"workflowId": workflow, "contexts": [{"id": "c1"}]}),
            "Validation failed: contexts[0].schema is required",
        ),
        (
            json!({"workflowId": workflow, "contexts": [{"id": "c1", "schema": "contact"}]}),
            "contexts[0]: Invalid entity context (entity not found)",
        ),
        (json!({"workflowId": off}), "the flow template is inactive"),
    ] {
        assert_eq!(message(&client.post(EXECUTIONS, &body).await.expect(400)), expected, "{body}");
    }
    assert_eq!(client.get(EXECUTIONS).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn an_unknown_execution_is_an_empty_answer_or_not_found() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let one = format!("{EXECUTIONS}/nobodys");
    assert_eq!(client.get(&one).await.expect(200).text, "");
    assert_eq!(client.delete(&one).await.expect(404).text, "");
    let patched = client.json("PATCH", &one, &json!({})).await.expect(404);
    assert_eq!(message(&patched), "Execution not found");
    for answer in [
        client.get(&format!("{one}/closing-reasons")).await,
        client.post(&format!("{one}/steps"), &json!({"name": "n", "insertionIndex": 0})).await,
        client.json("PATCH", &format!("{one}/steps/s"), &json!({})).await,
        client.delete(&format!("{one}/steps/s")).await,
    ] {
        assert_eq!(message(&answer.expect(404)), "Execution not found");
    }
}

#[tokio::test]
async fn an_execution_is_closed_with_reasons_and_reopened() {
    let (host, client, org) = with_contacts(&["c1", "c2"]).await;
    let (won, lost) = (reason(&client, "Won").await, reason(&client, "Lost").await);
    let mut body = definition("Closing", &[("", &["a", "b"])]);
    body["closingReasons"] = json!([{"id": won}, {"id": lost}]);
    let workflow = defined(&client, &body).await;
    let made = started(&client, &workflow).await;
    let reasons = json!([{"id": won, "title": "Won"}, {"id": lost, "title": "Lost"}]);
    assert_eq!(made["configuredClosingReasonSnapshot"], reasons);
    let one = format!("{EXECUTIONS}/{}", id(&made));
    let patch = |body: Value| {
        let (client, one) = (client.clone(), one.clone());
        async move { client.json("PATCH", &one, &body).await }
    };
    // A snapshot: later changes of the catalogue do not reach it.
    client
        .json("PATCH", &format!("{}/{won}", crate::epilot::REASONS_V2), &json!({"title": "Triumph"}))
        .await
        .expect(200);
    let listed = client.get(&format!("{one}/closing-reasons")).await.expect(200).json();
    assert_eq!(listed, json!({ "reasons": reasons }));

    host.advance_secs(60);
    let details = json!({"assignedTo": ["1", "2"], "dueDate": "2026-12-24T18:00:00",
        "contexts": [{"id": "c2", "schema": "contact", "title": "Given"}, {"id": "c1", "schema": "contact"}]});
    assert_eq!(patch(details).await.expect(204).text, "");
    let seen = shown(&client, &id(&made)).await;
    assert_eq!((&seen["assignedTo"], &seen["dueDate"]), (&json!(["1", "2"]), &json!("2026-12-24T18:00:00")));
    assert_eq!(seen["contexts"][0]["title"], "Given");
    assert_eq!(seen["contexts"][1]["title"], "Contact c1");
    assert_eq!(seen["lastUpdateTime"], "2026-11-22T09:01:00.000Z");
    // Whoever has changed it last.
    let caller = seen["lastModifiedBy"].as_str().expect("a user").to_owned();

    let close = json!({"status": "CLOSED", "selectedClosingReasons": [{"id": lost, "title": "Lost"}],
        "closingReasonDescription": "too dear", "closedBy": format!("{org}_42")});
    patch(close).await.expect(204);
    let seen = shown(&client, &id(&made)).await;
    assert_eq!((&seen["status"], &seen["lastModifiedBy"]), (&json!("CLOSED"), &json!(format!("{org}_42"))));
    assert_eq!(seen["selectedClosingReasons"], json!([{"id": lost, "title": "Lost"}]));
    assert_eq!(seen["closingReasonDescription"], "too dear");
    assert_eq!(seen["completedTime"], "2026-11-22T09:01:00.000Z");
    assert!(seen.get("nextOpenStep").is_none(), "{seen}");
    let late = client.post(&format!("{one}/steps"), &json!({"name": "late", "insertionIndex": 0})).await.expect(400);
    assert_eq!(message(&late), "Execution is closed");
    assert!(message(&patch(json!({"status": "DONE"})).await.expect(400)).starts_with("Invalid status transition"));
    patch(json!({"status": "STARTED"})).await.expect(204);
    let done = json!({"status": "DONE", "completedTime": "2026-11-22T08:00:00Z"});
    patch(done).await.expect(204);
    let seen = shown(&client, &id(&made)).await;
    assert_eq!((&seen["status"], &seen["completedTime"]), (&json!("DONE"), &json!("2026-11-22T08:00:00.000Z")));
    assert!(seen.get("selectedClosingReasons").is_none());
    assert_eq!(seen["lastModifiedBy"], json!(caller));
}

#[tokio::test]
async fn a_wrong_change_of_an_execution_is_told_and_changes_nothing() {
    let (_host, client, _) = with_contacts(&["c1"]).await;
    let workflow = defined(&client, &definition("Some", &[("", &["a"])])).await;
    let made = started(&client, &workflow).await;
    let one = format!("{EXECUTIONS}/{}", id(&made));
    for (body, expected) in [
        (json!({"status": "OVER"}), "Validation failed: status must be one of STARTED, DONE, CLOSED"),
        (
            json!({"dueDate": "soon"}),
            "Validation failed: dueDate must be a date-time, for example 2026-05-28T00:00:00.000 or 2026-05-28T09:30:00Z",
        ),
        (json!({"assignedTo": "11"}), "Validation failed: assignedTo must be an array"),
        (
            json!({"dynamicDueDate": {"timePeriod": "days"}}),
            "Validation failed: dynamicDueDate.numberOfUnits is required",
        ),
        (
            json!({"contexts": [{"id": "c2", "schema": "contact"}]}),
            "contexts[0]: Invalid entity context (entity not found)",
        ),
        (json!({"contexts": []}), "contexts must have at least one entry"),
        (json!({"completedTime": "noon"}), "Validation failed: completedTime must be an instant (RFC 3339)"),
    ] {
        assert_eq!(message(&client.json("PATCH", &one, &body).await.expect(400)), expected, "{body}");
    }
    client.json("PATCH", &one, &json!([])).await.expect(400);
    assert_eq!(shown(&client, &id(&made)).await, made);
}

#[tokio::test]
async fn executions_are_listed_newest_first_by_entity_and_by_schema() {
    let (host, client, org) = with_contacts(&["c1", "c2"]).await;
    let deal = format!("/platform/v1/tenants/{org}/entities/deal/c1");
    host.operator.json("PUT", &deal, &json!({"attributes": {}})).await.expect(201);
    let workflow = defined(&client, &definition("Some", &[("s", &["a"]), ("", &["b"])])).await;
    let mut ids = Vec::new();
    for contexts in
        [json!([["contact", "c1"]]), json!([["contact", "c2"]]), json!([["deal", "c1"], ["contact", "c1"]]), json!([])]
    {
        let contexts: Vec<Value> =
            contexts.as_array().unwrap().iter().map(|c| json!({"schema": c[0], "id": c[1]})).collect();
        let body = json!({"workflowId": workflow, "contexts": contexts});
        ids.push(id(&client.post(EXECUTIONS, &body).await.expect(201).json()));
        host.advance_secs(1);
    }
    let list = |query: &'static str| {
        let client = client.clone();
        async move {
            let found = client.get(&format!("{EXECUTIONS}{query}")).await.expect(200).json();
            found.as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        }
    };
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|i: usize| ids[i].clone());
    assert_eq!(list("").await, [fourth.clone(), third.clone(), second.clone(), first.clone()]);
    assert_eq!(list("?context=c1").await, [third.clone(), first.clone()]);
    assert_eq!(list("?context=c1&schema=deal").await, std::slice::from_ref(&third));
    assert_eq!(list("?schema=contact").await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(list("?schema=nothing").await, [""; 0]);
    assert_eq!(list("?context=%00").await, [""; 0]);
    let slim = client.get(EXECUTIONS).await.expect(200).json();
    let section = &slim[0]["flow"][0];
    assert_eq!((&section["type"], section.get("status")), (&json!("SECTION"), None));
    assert_eq!((&section["steps"][0]["type"], section["steps"][0].get("status")), (&json!("STEP"), None));

    client.json("PATCH", &format!("{EXECUTIONS}/{third}"), &json!({"status": "CLOSED"})).await.expect(204);
    client.delete(&format!("{EXECUTIONS}/{second}")).await.expect(204);
    assert_eq!(list("").await, [fourth, third.clone(), first.clone()]);
    assert_eq!(list("?schema=contact").await, [third, first]);
    assert_eq!(client.get(&format!("{EXECUTIONS}/{second}")).await.expect(200).text, "");
    // The entity stays.
    host.operator.get(&format!("/platform/v1/tenants/{org}/entities/contact/c2")).await.expect(200);
    client.delete(&format!("{TEMPLATES}/{workflow}")).await.expect(204);
    assert_eq!(list("").await.len(), 3, "executions outlive their definition");
}

#[tokio::test]
async fn an_execution_started_in_v1_is_read_and_worked_in_v2_and_the_reverse() {
    const FLOWS: &str = "/v2/flows/executions";
    let (_host, client, _) = with_contacts(&["c1"]).await;
    let workflow = defined(&client, &definition("Both", &[("s", &["a", "b"]), ("", &["c"])])).await;
    let start = json!({"workflowId": workflow, "contexts": [{"id": "c1", "schema": "contact"}]});
    let made = client.post(EXECUTIONS, &start).await.expect(201).json();
    let in_v2 = client.get(&format!("{FLOWS}/{}", id(&made))).await.expect(200).json();
    assert_eq!((&in_v2["flow_template_id"], &in_v2["phases"][0]["id"]), (&json!(workflow), &made["flow"][0]["id"]));
    let context = json!({"entity_id": "c1", "entity_schema": "contact", "is_primary": true});
    assert_eq!(in_v2["contexts"], json!([context]));
    let a = id(&step_of(&made, "a"));
    assert_eq!(in_v2["crt_tasks"][0]["id"], json!(a));
    let patch = json!({"status": "COMPLETED"});
    client.json("PATCH", &format!("{FLOWS}/{}/tasks/{a}", id(&made)), &patch).await.expect(200);
    let seen = shown(&client, &id(&made)).await;
    assert_eq!(step_of(&seen, "a")["status"], "COMPLETED");
    assert_eq!(seen["nextOpenStep"]["id"], step_of(&seen, "b")["id"]);

    let start = json!({"flow_template_id": workflow, "contexts": [context]});
    let started = client.post(FLOWS, &start).await.expect(201).json();
    let seen = shown(&client, &id(&started)).await;
    assert_eq!(outline(&seen), "[a b] c");
    assert_eq!(seen["contexts"], json!([{"id": "c1", "schema": "contact", "title": "Contact c1"}]));
    let path = format!("{EXECUTIONS}/{}/steps/{}", id(&started), id(&step_of(&seen, "c")));
    client.json("PATCH", &path, &json!({"position": {"index": 0}, "name": "first"})).await.expect(200);
    let in_v2 = client.get(&format!("{FLOWS}/{}", id(&started))).await.expect(200).json();
    assert_eq!(in_v2["crt_tasks"][0]["id"], step_of(&seen, "c")["id"], "it has taken the place of an untouched task");
    // Softly deleted in V2, it is gone from V1 too.
    client.delete(&format!("{FLOWS}/{}?soft=true", id(&started))).await.expect(204);
    assert_eq!(client.get(&format!("{EXECUTIONS}/{}", id(&started))).await.expect(200).text, "");
    let listed = client.get(&format!("{EXECUTIONS}?schema=contact")).await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [id(&made)]);
    assert_eq!(client.get(EXECUTIONS).await.expect(200).json().as_array().unwrap().len(), 1);
}
