use super::{faults, stored, without_null};
use crate::epilot::translate::v1::SentV1;
use crate::epilot::translate::{definition, flow_template, template, workflow_definition};
use crate::kit::ApiError;
use serde_json::{Value, json};
use stepwright_app::{AppError, FieldFault};

fn read(body: &Value) -> Result<SentV1, ApiError> {
    let mut number = 0;
    definition(body, &mut || {
        number += 1;
        format!("fresh-{number}")
    })
}

fn full() -> Value {
    json!({
        "name": "Lead qualification", "description": "In a row", "enabled": true, "enableECPWorkflow": true,
        "dueDate": "2026-12-01T00:00:00.000Z", "assignedTo": ["952802", "{{entity.owner}}"],
        "dynamicDueDate": {"numberOfUnits": 2, "timePeriod": "weeks", "actionTypeCondition": "WORKFLOW_STARTED"},
        "closingReasons": [{"id": "r1"}], "singleClosingReasonSelection": true, "taxonomies": ["x"],
        "updateEntityAttributes": [{"source": "current_step",
            "target": {"entitySchema": "opportunity", "entityAttribute": "step"}}],
        "_manifest": ["m1"],
        "flow": [
            {"id": "s1", "name": "Gather", "order": 1, "type": "SECTION", "assignedTo": ["1"], "steps": [
                {"id": "a", "name": "Call", "order": 1, "type": "STEP", "executionType": "MANUAL",
                    "description": {"enabled": true, "value": "Be kind"}, "dueDate": "2026-11-30T00:00:00.000Z",
                    "journey": {"journeyId": "j"}, "ecp": {"enabled": true}},
                {"id": "b", "name": "Mail", "order": 2, "type": "STEP", "executionType": "AUTOMATION",
                    "automationConfig": {"flowId": "f1"},
                    "dynamicDueDate": {"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "STEP_CLOSED",
                        "stepId": "a"},
                    "requirements": [{"definitionId": "a", "type": "STEP", "condition": "CLOSED"}]},
            ]},
            {"id": "c", "name": "Send", "order": 2, "type": "STEP", "executionType": "MANUAL",
                "requirements": [{"definitionId": "s1", "type": "SECTION", "condition": "CLOSED"}]},
        ],
    })
}

#[test]
fn a_definition_comes_back_as_it_was_sent() {
    let shown = workflow_definition(&stored(read(&full()).unwrap().draft()));
    without_null(&shown);
    let mut expected = full();
    expected["id"] = json!("aBcDeF0123");
    expected["creationTime"] = json!("2026-11-22T09:00:00.123Z");
    expected["lastUpdateTime"] = json!("2026-11-22T09:00:00.123Z");
    assert_eq!(shown, expected);
}

#[test]
fn a_definition_is_a_template_whose_tasks_form_a_chain() {
    let shown = flow_template(&stored(read(&full()).unwrap().draft()));
    without_null(&shown);
    assert_eq!((&shown["version"], &shown["linear"]), (&json!("v2"), &json!(false)));
    let edges: Vec<(&str, &str)> = shown["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["from_id"].as_str().unwrap(), e["to_id"].as_str().unwrap()))
        .collect();
    assert_eq!(edges, [("a", "b"), ("b", "c")]);
    assert_eq!(shown["phases"], json!([{"id": "s1", "name": "Gather", "assigned_to": ["1"]}]));
    let task = &shown["tasks"][1];
    assert_eq!((&task["task_type"], &task["phase_id"]), (&json!("AUTOMATION"), &json!("s1")));
    assert_eq!(task["requirements"], json!([{"when": "TASK_FINISHED", "task_id": "a"}]));
    assert_eq!(
        task["due_date_config"],
        json!({"duration": 1, "unit": "days", "type": "TASK_FINISHED", "task_id": "a"})
    );
    assert_eq!(shown["tasks"][0]["due_date"], "2026-11-30T00:00:00.000Z");
    assert_eq!(shown["assigned_to"][1], json!({"variable": "{{entity.owner}}"}));
    // What V2 shows, V2 accepts.
    template(&shown, false).unwrap();
}

#[test]
fn items_stand_in_their_order_and_get_ids() {
    let body = json!({"name": "Row", "userIds": [7], "flow": [
        {"name": "Last", "order": 9, "type": "STEP"},
        {"name": "First", "order": 1, "type": "SECTION", "steps": [
            {"name": "Two", "order": 2, "type": "STEP"}, {"name": "One", "order": 1, "type": "STEP"}]},
    ]});
    let shown = workflow_definition(&stored(read(&body).unwrap().draft()));
    let names =
        [&shown["flow"][0]["steps"][0]["name"], &shown["flow"][0]["steps"][1]["name"], &shown["flow"][1]["name"]];
    assert_eq!(names, ["One", "Two", "Last"]);
    assert_eq!(shown["flow"][0]["id"], "fresh-1");
    assert_eq!((&shown["flow"][1]["order"], &shown["flow"][1]["id"]), (&json!(2), &json!("fresh-4")));
    assert_eq!(shown["assignedTo"], json!(["7"]));
}

#[test]
fn every_fault_is_told_in_the_words_of_v1() {
    let body = json!({"flow": [
        {"name": "No order", "type": "STEP"},
        {"name": "Auto", "order": 2, "type": "STEP", "executionType": "AUTOMATION"},
        {"name": "Nested", "order": 3, "type": "SECTION", "steps": [{"name": "x", "order": 1, "type": "SECTION"}]},
        {"order": 4, "type": "MOON"},
    ]});
    let told = faults(read(&body));
    for expected in [
        "/name is required",
        "/flow/0/order is required",
        "/flow/1/automationConfig is required",
        "/flow/2/steps/0/type must be STEP inside a section",
        "/flow/3/type must be one of STEP, SECTION",
        "/flow/3/name is required",
    ] {
        assert!(told.iter().any(|t| t == expected), "{expected} in {told:?}");
    }
    let twice = json!({"name": "ab", "flow": [
        {"id": "s", "name": "Empty", "order": 1, "type": "SECTION", "steps": []},
        {"id": "x", "name": "One", "order": 3, "type": "STEP"},
        {"id": "x", "name": "Two", "order": 2, "type": "STEP"},
    ]});
    assert_eq!(
        faults(read(&twice)),
        ["/name must have at least 3 characters", "/flow/1/id 'x' is used by another node", "/flow/0 has no task"]
    );
    let sent = read(&json!({"name": "abc", "flow": []})).unwrap();
    let refused = sent.in_own_words(AppError::Invalid(vec![FieldFault::new("/closing_reasons/0/id", "is unknown")]));
    assert_eq!(refused, ApiError::invalid("/closingReasons/0/id", "is unknown"));
}

#[test]
fn the_deprecated_spelling_of_a_due_dates_anchor_is_read() {
    let due = |config: Value| json!({"name": "abc", "flow": [], "dynamicDueDate": config});
    let read = |config| read(&due(config)).map(|sent| sent.draft().template.due_date_config.unwrap());
    let old = read(json!({"numberOfUnits": 1, "timePeriod": "days", "actionType": "PHASE_FINISHED", "phaseId": "p"}));
    let new = read(
        json!({"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "PHASE_FINISHED", "phaseId": "p"}),
    );
    assert_eq!(old, new);
    let least = read(json!({"numberOfUnits": 1, "timePeriod": "days"})).unwrap();
    assert_eq!(least.anchor, stepwright_engine::flow::DueAnchor::WorkflowStarted);
    assert!(read(json!({"numberOfUnits": 1, "timePeriod": "days", "actionTypeCondition": "STEP_CLOSED"})).is_err());
}

#[test]
fn what_v1_cannot_say_stays() {
    let v2 = json!({"name": "abc", "trigger": {"type": "journey_submission", "journey_id": "j"},
        "tasks": [{"id": "a", "name": "a", "task_type": "MANUAL"}], "edges": [],
        "additional_triggers": [{"type": "manual"}],
        "entity_sync": [{"trigger": {"event": "FlowStarted"}, "value": {"source": "workflow_name"},
            "target": {"entitySchema": "s", "entityAttribute": "a"}}]});
    let current = stored(template(&v2, false).unwrap().draft);
    let next = read(&workflow_definition(&current)).unwrap().over(&current.document);
    assert_eq!(next.template, current.document.template);
}

#[test]
fn branches_are_shown_in_a_row() {
    let decision = json!({"id": "d", "name": "d", "task_type": "DECISION", "trigger_mode": "manual",
        "conditions": [{"id": "c1"}, {"id": "c2"}]});
    let manual = |id: &str, phase: Option<&str>| {
        let mut task = json!({"id": id, "name": id, "task_type": "MANUAL"});
        if let Some(phase) = phase {
            task["phase_id"] = json!(phase);
        }
        task
    };
    let v3 = json!({"name": "abc", "phases": [{"id": "p", "name": "P"}],
        "tasks": [manual("z", None), manual("y", Some("p")), decision, {"id": "g", "name": "g", "task_type": "AI_AGENT"}],
        "due_date_config": {"duration": 2, "unit": "years", "type": "WORKFLOW_STARTED"},
        "edges": [{"id": "1", "from_id": "d", "to_id": "p", "condition_id": "c1"},
            {"id": "2", "from_id": "d", "to_id": "g", "condition_id": "c2"},
            {"id": "3", "from_id": "p", "to_id": "z"}]});
    let shown = workflow_definition(&stored(template(&v3, false).unwrap().draft));
    let flow = shown["flow"].as_array().unwrap();
    let ids: Vec<&str> = flow.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().position(|id| *id == "d"), Some(0), "{ids:?}");
    assert!(ids.iter().position(|id| *id == "p") < ids.iter().position(|id| *id == "z"), "{ids:?}");
    let of = |id: &str| flow.iter().find(|item| item["id"] == id).unwrap();
    assert_eq!((&of("d")["executionType"], &of("g")["executionType"]), (&json!("MANUAL"), &json!("AUTOMATION")));
    assert_eq!(of("p")["steps"][0]["id"], "y");
    assert_eq!(shown["dynamicDueDate"]["numberOfUnits"], 24);
}
