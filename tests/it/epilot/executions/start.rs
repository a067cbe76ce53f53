use super::{EXECUTIONS, Stage, automation, nulls, start_of};
use crate::epilot::{GRANTS, edge, flow, manual, member, message, template};
use serde_json::{Value, json};

/// Everything a template may hold.
fn rich() -> Value {
    json!({
        "name": "Rich", "singleClosingReasonSelection": true, "taxonomies": ["gas"],
        "due_date_config": {"duration": 2, "unit": "days", "type": "WORKFLOW_STARTED"},
        "assigned_to": ["u-9", {"variable": "{{entity.owner}}"}],
        "entity_sync": [{"trigger": {"event": "FlowStarted"}, "value": {"source": "workflow_status"},
            "target": {"entitySchema": "contact", "entityAttribute": "flow_status"}}],
        "phases": [{"id": "p", "name": "First"}],
        "tasks": [
            {"id": "m", "name": "m", "task_type": "MANUAL", "phase_id": "p", "description": {"enabled": true, "value": "do"},
                "due_date_config": {"duration": 30, "unit": "minutes", "type": "WORKFLOW_STARTED"},
                "ecp": {"enabled": true, "label": "see"}, "assigned_to": ["u-1"]},
            {"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
                "requirements": [{"task_id": "m", "when": "TASK_FINISHED"}],
                "conditions": [{"id": "yes", "branch_name": "Yes", "logical_operator": "AND", "statements": []},
                    {"id": "no", "branch_name": "No", "logical_operator": "OR", "statements": []}]},
            {"id": "a", "name": "a", "task_type": "AUTOMATION", "automation_config": {"flow_id": "auto-1",
                "input_context": {"source": "task", "task_id": "m"}}, "trigger_mode": "manual",
                "schedule": {"mode": "delayed", "duration": 2, "unit": "hours"}},
            {"id": "g", "name": "g", "task_type": "AI_AGENT", "agent_config": {"agent_id": "partner-assigner", "parameters": {"x": 1}}},
        ],
        "edges": [edge("p", "d"),
            {"id": "y", "from_id": "d", "to_id": "a", "condition_id": "yes"},
            {"id": "n", "from_id": "d", "to_id": "g", "condition_id": "no"}],
    })
}

#[tokio::test]
async fn a_started_execution_shows_the_template_with_ids_of_its_own() {
    let stage = Stage::new().await;
    let started = stage.start(&rich()).await;
    let shown = &started.shown;
    assert_eq!(stage.client.get(&started.path()).await.expect(200).json(), *shown);
    let mut found = Vec::new();
    nulls(shown, "", &mut found);
    assert!(found.is_empty(), "{found:?}");
    let at = "2026-11-22T09:00:00.000Z";
    for (member, expected) in [
        ("name", json!("Rich")),
        ("status", json!("STARTED")),
        ("created_at", json!(at)),
        ("updated_at", json!(at)),
        ("due_date", json!("2026-11-24T00:00:00.000")),
        ("assigned_to", json!(["u-9", {"variable": "{{entity.owner}}", "value": ["u-1"]}])),
        ("contexts", json!([{"entity_id": "c-1", "entity_schema": "contact", "is_primary": true}])),
        ("trigger", json!({"type": "MANUAL"})),
        ("taxonomies", json!(["gas"])),
        ("singleClosingReasonSelection", json!(true)),
        ("available_in_ecp", json!(false)),
        ("linear", json!(false)),
        ("crt_tasks", json!([{"id": started.node("m"), "crt_since": at}])),
    ] {
        assert_eq!(shown[member], expected, "{member}");
    }
    assert_eq!(shown["analytics"]["started_at"], at);
    assert!(shown["analytics"].get("completed_at").is_none());
    for absent in ["closing_reason", "_execution_chain"] {
        assert!(shown.get(absent).is_none(), "{absent}");
    }
    let phase = &shown["phases"][0];
    assert_eq!(
        (&phase["template_id"], &phase["status"], &phase["name"]),
        (&json!("p"), &json!("IN_PROGRESS"), &json!("First"))
    );

    let manual = started.task("m");
    assert_ne!(manual["id"], "m");
    assert_eq!(manual["due_date"], "2026-11-22T09:30:00.000Z");
    assert_eq!((&manual["task_type"], &manual["phase_id"]), (&json!("MANUAL"), &phase["id"]));
    assert_eq!(
        (&manual["ecp"], &manual["description"]),
        (&json!({"enabled": true, "label": "see"}), &json!({"enabled": true, "value": "do"}))
    );
    assert_eq!(
        (&manual["enabled"], &manual["manually_created"], &manual["analytics"]),
        (&json!(true), &json!(false), &json!({}))
    );
    let decision = started.task("d");
    assert_eq!((&decision["trigger_mode"], &decision["allow_parallel_execution"]), (&json!("manual"), &json!(true)));
    assert_eq!(
        (&decision["enabled"], &decision["requirements"]),
        (&json!(false), &json!([{"task_id": "m", "when": "TASK_FINISHED"}]))
    );
    assert_eq!(
        decision["conditions"][0],
        json!({"id": "yes", "branch_name": "Yes", "logical_operator": "AND", "statements": []})
    );
    assert!(decision.get("phase_id").is_none() && decision.get("loop_config").is_none());
    let automation = started.task("a");
    assert_eq!(
        automation["automation_config"],
        json!({"flow_id": "auto-1", "input_context": {"source": "task", "task_id": "m"}})
    );
    assert_eq!(automation["schedule"], json!({"mode": "delayed", "duration": 2, "unit": "hours"}));
    assert_eq!(started.task("g")["agent_config"], json!({"agent_id": "partner-assigner", "parameters": {"x": 1}}));

    let edges = shown["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 3);
    assert_eq!(
        edges[1],
        json!({"id": "y", "from_id": started.node("d"), "to_id": started.node("a"), "condition_id": "yes"})
    );
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_and_says_why() {
    let stage = Stage::new().await;
    let made = template(&stage.client, &flow("Mine")).await;
    let mut disabled = flow("Disabled");
    disabled["enabled"] = json!(false);
    let disabled = start_of(&template(&stage.client, &disabled).await);
    let good = start_of(&made);
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let contact = json!({"entity_id": "c-1", "entity_schema": "contact"});
    let primary = json!({"entity_id": "c-1", "entity_schema": "contact", "is_primary": true});
    for (body, said) in [
        (json!({"contexts": [contact]}), "flow_template_id is required"),
        (json!({"flow_template_id": made["id"]}), "contexts is required"),
        (with("flow_template_id", json!("nobodys")), "Invalid flow_template_id (template not found)"),
        (with("flow_template_id", json!(7)), "flow_template_id must be a text"),
        (with("contexts", json!([])), "contexts must have at least one entry"),
        (with("contexts", json!({})), "contexts must be an array"),
        (with("contexts", json!(["c-1"])), "contexts[0] must be an object"),
        (with("contexts", json!([{"entity_schema": "contact"}])), "contexts[0].entity_id is required"),
        (
            with("contexts", json!([{"entity_id": "", "entity_schema": "contact"}])),
            "contexts[0].entity_id must not be empty",
        ),
        (with("contexts", json!([primary, primary])), "contexts may have only one entry with is_primary"),
        (
            with("contexts", json!([contact, {"entity_id": "c-2", "entity_schema": "contact"}])),
            "contexts[1]: Invalid entity context (entity not found)",
        ),
        (with("trigger", json!({"type": "MOON"})), "trigger.type must be one of MANUAL, AUTOMATIC"),
        (with("trigger", json!({"automation_config": {}})), "trigger.automation_config.flow_id is required"),
        (with("purposes", json!([1])), "purposes[0] must be a text"),
        (json!([]), "body must be an object"),
        (disabled, "the flow template is inactive"),
    ] {
        let refused = stage.client.post(EXECUTIONS, &body).await;
        assert_eq!((refused.status, message(&refused).as_str()), (400, said), "{body}");
    }
    let found = stage.client.post(&format!("{EXECUTIONS}:search"), &contact).await.expect(200).json();
    assert_eq!(found, json!({"results": []}), "something was started all the same");
}

#[tokio::test]
async fn other_tenants_templates_and_entities_are_answered_like_unknown_ones() {
    let stage = Stage::new().await;
    let theirs = stage.host.tenant().await;
    let other = stage.host.client(&theirs, "epilot", GRANTS, "live").await;
    let made = template(&stage.client, &flow("Mine")).await;
    let own = template(&other, &flow("Theirs")).await;
    let mut answers = Vec::new();
    for body in [start_of(&made), start_of(&json!({"id": "nobodys"}))] {
        answers.push(other.post(EXECUTIONS, &body).await.expect(400).text);
    }
    assert_eq!(answers[0], answers[1]);
    // The contact is not theirs.
    let refused = other.post(EXECUTIONS, &start_of(&own)).await.expect(400);
    assert_eq!(message(&refused), "contexts[0]: Invalid entity context (entity not found)");
    let started = stage.start(&flow("Started")).await;
    for id in [started.id.as_str(), "nobodys", "undefined"] {
        assert_eq!(message(&other.get(&format!("{EXECUTIONS}/{id}")).await.expect(404)), "Execution not found");
    }
    let search = json!({"entity_id": "c-1", "entity_schema": "contact"});
    let found = other.post(&format!("{EXECUTIONS}:search"), &search).await.expect(200).json();
    assert_eq!(found, json!({"results": []}));
}

#[tokio::test]
async fn purposes_and_triggers_of_the_start_are_kept_to() {
    let stage = Stage::new().await;
    let mut body = flow("Purposes");
    body["tasks"] = json!([manual("a"), {"id": "b", "name": "b", "task_type": "MANUAL", "taxonomies": ["gas"]},
        {"id": "c", "name": "c", "task_type": "MANUAL", "taxonomies": ["power"]}]);
    body["edges"] = json!([edge("a", "b"), edge("b", "c")]);
    let made = template(&stage.client, &body).await;
    let mut ask = start_of(&made);
    ask["purposes"] = json!(["power"]);
    ask["trigger"] = json!({"type": "AUTOMATIC", "automation_config": {"flow_id": "f", "execution_id": "e"}});
    let shown = stage.client.post(EXECUTIONS, &ask).await.expect(201).json();
    let names: Vec<&str> = shown["tasks"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(shown["trigger"], ask["trigger"]);
    assert_eq!(shown["edges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_finds_every_execution_about_an_entity_that_is_not_deleted() {
    let stage = Stage::new().await;
    stage.contact("c-2", json!({})).await;
    let made = template(&stage.client, &flow("Found")).await;
    let mut ids = Vec::new();
    for other in ["c-1", "c-2", "c-1"] {
        stage.host.advance_secs(1);
        let mut ask = start_of(&made);
        ask["contexts"] = json!([{"entity_id": other, "entity_schema": "contact"}]);
        ids.push(stage.client.post(EXECUTIONS, &ask).await.expect(201).json()["id"].as_str().unwrap().to_owned());
    }
    stage.client.json("PATCH", &format!("{EXECUTIONS}/{}", ids[0]), &json!({"status": "CLOSED"})).await.expect(200);
    let search = |schema: &str| json!({"entity_id": "c-1", "entity_schema": schema});
    for path in
        [format!("{EXECUTIONS}:search"), format!("{EXECUTIONS}%3Asearch"), format!("/epilot{EXECUTIONS}%3asearch/")]
    {
        let found = stage.client.post(&path, &search("contact")).await.expect(200).json();
        let found: Vec<&str> = found["results"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
        assert_eq!(found, [ids[2].as_str(), ids[0].as_str()], "{path}");
    }
    let found = stage.client.post(&format!("{EXECUTIONS}:search"), &search("deal")).await.expect(200).json();
    assert_eq!(found["results"], json!([]));
    for (body, said) in [
        (json!({"entity_id": "c-1"}), "entity_schema is required"),
        (json!({"entity_schema": "contact", "entity_id": ""}), "entity_id must not be empty"),
        (json!({"entity_schema": "contact", "entity_id": null}), "entity_id is required"),
    ] {
        assert_eq!(message(&stage.client.post(&format!("{EXECUTIONS}:search"), &body).await.expect(400)), said);
    }
}

#[tokio::test]
async fn a_deleted_execution_is_out_of_everybodys_sight() {
    let stage = Stage::new().await;
    let search = json!({"entity_id": "c-1", "entity_schema": "contact"});
    for query in ["", "?soft=false", "?soft=true"] {
        let started = stage.start(&flow("Deleted")).await;
        let one = started.path();
        let task = started.at("a");
        assert_eq!(stage.client.delete(&format!("{one}?soft=perhaps")).await.expect(400).status, 400);
        assert_eq!(stage.client.delete(&format!("{one}{query}")).await.expect(204).text, "");
        for gone in [
            stage.client.get(&one).await,
            stage.client.json("PATCH", &one, &json!({"status": "CLOSED"})).await,
            stage.client.json("PATCH", &task, &json!({"status": "COMPLETED"})).await,
            stage.client.delete(&one).await,
            stage.client.delete(&format!("{one}?soft=true")).await,
        ] {
            assert_eq!((gone.status, message(&gone).as_str()), (404, "Execution not found"), "{query}");
        }
        let found = stage.client.post(&format!("{EXECUTIONS}:search"), &search).await.expect(200).json();
        assert_eq!(found, json!({"results": []}));
    }
}

#[tokio::test]
async fn entities_are_told_of_the_end_of_an_execution_however_it_is_deleted() {
    let stage = Stage::new().await;
    let mut body = flow("Synced");
    body["entity_sync"] = json!([{"trigger": {"event": "FlowDeleted"}, "value": {"source": "custom_value", "value": "gone"},
        "target": {"entitySchema": "contact", "entityAttribute": "flow"}}]);
    for query in ["", "?soft=true"] {
        stage.contact("c-1", json!({"flow": "there"})).await;
        let started = stage.start(&body).await;
        stage.client.delete(&format!("{}{query}", started.path())).await.expect(204);
        let path = format!("{}/entities/contact/c-1", stage.tenant.base);
        let contact = stage.host.operator.get(&path).await.expect(200).json();
        assert_eq!(contact["attributes"]["flow"], "gone", "{query}");
    }
}

#[tokio::test]
async fn what_the_vendors_client_sends_is_understood() {
    let stage = Stage::new().await;
    let (member, _) = member(&stage.host).await;
    member.get(&format!("{EXECUTIONS}/a%2Fb%20c%3Ad%25%C3%A9")).await.expect(404);
    stage.automation("auto").await;
    let mut body = flow("Client");
    let mut task = automation("a", "auto");
    task["trigger_mode"] = json!("manual");
    body["tasks"] = json!([task, manual("b")]);
    let started = stage.start(&body).await;
    let large = [("accept", "application/large-response.vnd+json")];
    let shown = stage.client.send("GET", &started.path(), &large, None).await.expect(200);
    assert_eq!(shown.header("content-type"), "application/json");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "0")];
    let run = format!("{}/automation%3Arun", started.at("a"));
    let task = stage.client.send("POST", &run, &form, None).await.expect(200).json();
    assert_eq!((&task["status"], &task["task_type"]), (&json!("IN_PROGRESS"), &json!("AUTOMATION")));
}
