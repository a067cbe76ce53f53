//! epilot, both versions and the definitions.

use super::{Walk, id};
use crate::support::host::Tenant;
use crate::support::{Client, TestHost};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stepwright_engine::Dialect;

#[tokio::test]
async fn every_route_of_epilot_does_what_it_is_for_and_hides_it_from_other_tenants() {
    use crate::epilot::{DEFINITIONS, GRANTS, REASONS, REASONS_V2, TEMPLATES, flow as simple};
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let client = host.client(&mine, "epilot", GRANTS, "live").await;
    let other = host.client(&theirs, "epilot", GRANTS, "live").await;
    let mut walk = Walk::new(client.clone(), Dialect::Epilot);

    let reason = walk.go("createClosingReason", REASONS, Some(json!({"title": "won"})), 201).await;
    let reason = id(&reason);
    walk.go("getAllClosingReasons", REASONS, None, 200).await;
    walk.go("getClosingReasonV1", &format!("{REASONS}/{reason}"), None, 200).await;
    walk.go("changeReasonStatus", &format!("{REASONS}/{reason}"), Some(json!({"status": "ACTIVE"})), 202).await;
    walk.go("getClosingReason", &format!("{REASONS_V2}/{reason}"), None, 200).await;
    walk.go("updateClosingReason", &format!("{REASONS_V2}/{reason}"), Some(json!({"title": "Won"})), 200).await;

    let made = walk.go("createFlowTemplate", TEMPLATES, Some(simple("Walked")), 201).await;
    let template = id(&made);
    let one = format!("{TEMPLATES}/{template}");
    walk.go("listFlowTemplates", TEMPLATES, None, 200).await;
    walk.go("searchFlowTemplates", &format!("{TEMPLATES}:search"), Some(json!({"name": "walked"})), 200).await;
    walk.go("getFlowTemplate", &one, None, 200).await;
    walk.go("updateFlowTemplate", &one, Some(made), 200).await;
    let copy = walk.go("duplicateFlowTemplate", &format!("{one}/duplicate"), None, 201).await;

    let body = json!({"name": "Walked", "flow": [{"name": "a", "order": 1, "type": "STEP"}]});
    let made = walk.go("createDefinition", DEFINITIONS, Some(body.clone()), 201).await;
    let definition = format!("{DEFINITIONS}/{}", id(&made));
    walk.go("getDefinitions", DEFINITIONS, None, 200).await;
    walk.go("getDefinition", &definition, None, 200).await;
    walk.go("updateDefinition", &definition, Some(made), 200).await;
    let reasons = format!("{definition}/closing-reasons");
    let chosen = json!({"reasons": [{"id": reason}]});
    walk.go("setWorkflowClosingReasons", &reasons, Some(chosen), 201).await;
    let shown = walk.go("getWorkflowClosingReasons", &reasons, None, 200).await;
    assert_eq!(shown, json!({"reasons": [{"id": reason}]}));
    let limits = walk.go("getMaxAllowedLimit", "/v1/workflows/limits/max-allowed", None, 200).await;
    assert_eq!(limits["currentNoOfWorkflows"], 3);
    let flow = walk_flows(&mut walk, &host, &mine).await;

    // Whatever is asked of them, another tenant's ids are answered like ids that nobody has.
    let mut seen = 0;
    walk_executions_v1(&mut walk, &other).await;
    let of_v2 = |path: &str| path.contains('{') && !path.contains("{executionId}");
    for route in stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Epilot && of_v2(r.path)) {
        let body = match route.operation {
            "patchFlowExecution" | "patchTask" | "patchPhase" => Some(json!({"name": "Stolen"})),
            "addTask" => Some(json!({"previous_task_id": flow.task, "task": {"name": "Stolen"}})),
            "updateFlowTemplate" => Some(simple("Stolen")),
            "updateDefinition" => Some(body.clone()),
            "setWorkflowClosingReasons" => Some(json!({"reasons": []})),
            "changeReasonStatus" | "updateClosingReason" => Some(json!({"status": "INACTIVE"})),
            _ => None,
        };
        let mut answers = BTreeSet::new();
        for whose in ["", "nobodys", "undefined"] {
            let ids = [
                ("{flowId}", &template),
                ("{definitionId}", &template),
                ("{reasonId}", &reason),
                ("{execution_id}", &flow.execution),
                ("{task_id}", &flow.task),
                ("{phase_id}", &flow.phase),
                ("{schedule_id}", &flow.schedule),
            ];
            let of = |id: &String| if whose.is_empty() { id.clone() } else { whose.to_owned() };
            let path = ids.iter().fold(route.path.to_owned(), |path, (name, id)| path.replace(name, &of(id)));
            let json = [("content-type", "application/json")];
            let body = body.as_ref().map(|body| body.to_string().into_bytes());
            let answer = other.send(route.method.as_str(), &path, &json, body).await;
            assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
            let told = if whose.is_empty() {
                answer.text.replace(&template, "ID").replace(&reason, "ID")
            } else {
                answer.text.replace(whose, "ID")
            };
            answers.insert(told);
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
        seen += 1;
    }
    assert!(seen > 10, "only {seen} routes with an id");
    assert_eq!(other.get(TEMPLATES).await.expect(200).json()["results"], json!([]));
    assert_eq!(other.get(DEFINITIONS).await.expect(200).json(), json!([]));
    assert_eq!(other.get(&format!("{REASONS}?includeInactive=true")).await.expect(200).json()["reasons"], json!([]));

    walk.go("deleteFlowExecution", &format!("/v2/flows/executions/{}", flow.execution), None, 204).await;
    walk.go("deleteFlowTemplate", &one, None, 204).await;
    walk.go("deleteFlowTemplate", &format!("{TEMPLATES}/{}", id(&copy)), None, 204).await;
    walk.go("deleteDefinition", &definition, None, 204).await;
    walk.go("deleteClosingReason", &format!("{REASONS_V2}/{reason}"), None, 204).await;
    walk.end();
}

/// Things of an execution that is left running.
struct WalkedFlow {
    execution: String,
    task: String,
    phase: String,
    schedule: String,
}

async fn walk_flows(walk: &mut Walk, host: &TestHost, tenant: &Tenant) -> WalkedFlow {
    use crate::epilot::{TEMPLATES, edge, manual};
    const ALL: &str = "/v2/flows/executions";
    let put = |path: String, body: Value| async move { host.operator.json("PUT", &path, &body).await };
    put(format!("{}/entities/contact/c-1", tenant.base), json!({"attributes": {}})).await.expect(201);
    let sweep = json!({"id": "sweep", "name": "Sweep", "actions": [{"step_type": "mark_invoices_overdue"}]});
    host.operator.post(&format!("{}/automations", tenant.base), &sweep).await.expect(201);
    let automation = |id: &str, mode: &str, schedule: Value| {
        json!({"id": id, "name": id, "task_type": "AUTOMATION", "trigger_mode": mode, "schedule": schedule,
            "automation_config": {"flow_id": "sweep"}})
    };
    let later = json!({"mode": "delayed", "duration": 1, "unit": "hours"});
    let mut first = manual("first");
    first["phase_id"] = json!("phase");
    let template = json!({"name": "Walked flow", "phases": [{"id": "phase", "name": "Phase"}],
        "tasks": [first, manual("second"), manual("rest"), automation("hand", "manual", Value::Null),
            automation("one", "automatic", later.clone()), automation("two", "automatic", later.clone()),
            automation("three", "automatic", later.clone()), automation("four", "automatic", later)],
        "edges": [edge("phase", "second"), edge("second", "rest")]});
    let template = walk.client.post(TEMPLATES, &template).await.expect(201).json();
    let contact = json!({"entity_id": "c-1", "entity_schema": "contact"});
    let start = json!({"flow_template_id": template["id"], "contexts": [contact]});
    let started = walk.go("startFlowExecution", ALL, Some(start), 201).await;
    let one = format!("{ALL}/{}", id(&started));
    let node = |list: &str, template: &str| {
        let nodes = started[list].as_array().expect("a list");
        nodes.iter().find(|n| n["template_id"] == template).unwrap_or_else(|| panic!("no {template}")).clone()
    };
    let task = |template: &str| format!("{one}/tasks/{}", id(&node("tasks", template)));
    let schedule =
        |template: &str| node("tasks", template)["schedule"]["schedule_id"].as_str().expect("armed").to_owned();

    assert_eq!(walk.go("getFlowExecution", &one, None, 200).await["id"], started["id"]);
    let found = walk.go("searchFlowExecutions", &format!("{ALL}:search"), Some(contact), 200).await;
    assert_eq!(found["results"][0]["id"], started["id"]);
    walk.go("patchFlowExecution", &one, Some(json!({"assigned_to": ["u-1"]})), 200).await;
    let phase = format!("{one}/phases/{}", id(&node("phases", "phase")));
    assert_eq!(walk.go("patchPhase", &phase, Some(json!({"name": "Other"})), 200).await["name"], "Other");
    walk.go("patchTask", &task("first"), Some(json!({"status": "COMPLETED"})), 200).await;
    let add = json!({"previous_task_id": id(&node("tasks", "second")), "next_task_id": id(&node("tasks", "rest")), "task": {"name": "Added"}});
    walk.go("addTask", &format!("{one}/tasks"), Some(add), 201).await;
    walk.go("executeTask", &format!("{}/execute", task("second")), None, 200).await;
    walk.go("runTaskAutomation", &format!("{}/automation:run", task("hand")), None, 200).await;
    walk.go("reconcileAutomationTask", &format!("{}/reconcile-automation", task("hand")), None, 200).await;
    walk.go("runTaskScheduleNow", &format!("{}/schedule/run-now", task("one")), None, 200).await;
    walk.go("cancelTaskSchedule", &format!("{}/schedule", task("two")), None, 204).await;
    walk.go("cancelSchedule", &format!("{one}/schedules/{}", schedule("three")), None, 204).await;
    WalkedFlow {
        execution: id(&started),
        task: id(&node("tasks", "four")),
        phase: id(&node("phases", "phase")),
        schedule: schedule("four"),
    }
}

async fn walk_executions_v1(walk: &mut Walk, other: &Client) {
    use crate::epilot::DEFINITIONS;
    const ALL: &str = "/v1/workflows/executions";
    let body = json!({"name": "Walked V1", "flow": [{"name": "a", "order": 1, "type": "STEP"}]});
    let definition = id(&walk.client.post(DEFINITIONS, &body).await.expect(201).json());
    let made = walk.go("createExecution", ALL, Some(json!({"workflowId": definition})), 201).await;
    let one = format!("{ALL}/{}", id(&made));
    let new = json!({"name": "b", "insertionIndex": 1});
    let step = id(&walk.go("createStep", &format!("{one}/steps"), Some(new.clone()), 201).await);
    let step_path = format!("{one}/steps/{step}");
    let seen = walk.go("updateStep", &step_path, Some(json!({"status": "IN_PROGRESS"})), 200).await;
    assert_eq!((&seen["status"], &seen["executionId"]), (&json!("IN_PROGRESS"), &made["id"]));
    walk.go("updateExecution", &one, Some(json!({"assignedTo": ["7"]})), 204).await;
    assert_eq!(walk.go("getExecution", &one, None, 200).await["assignedTo"], json!(["7"]));
    let listed = walk.go("getExecutions", ALL, None, 200).await;
    assert!(listed.as_array().expect("a list").iter().any(|e| e["id"] == made["id"]), "{listed}");
    walk.go("getClosingReasonExecution", &format!("{one}/closing-reasons"), None, 200).await;
    let found = walk.go("searchExecutions", &format!("{ALL}/search"), Some(json!({"assignedTo": "7"})), 200).await;
    assert_eq!(found["executions"][0]["id"], made["id"]);
    let found = walk.go("searchSteps", &format!("{ALL}/steps/search"), Some(json!({"stepName": "b"})), 200).await;
    assert_eq!(found["results"][0]["id"], json!(step));

    // Whatever is asked of them, another tenant's ids are answered like ids that nobody has.
    for route in
        stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Epilot && r.path.contains("{executionId}"))
    {
        let mut answers = BTreeSet::new();
        for (execution, step) in
            [(id(&made), step.clone()), (id(&made), "nobodys".into()), ("nobodys".into(), step.clone())]
        {
            let path = route.path.replace("{executionId}", &execution).replace("{stepId}", &step);
            let body = (route.method != "GET" && route.method != "DELETE").then(|| new.to_string().into_bytes());
            let answer = other.send(route.method.as_str(), &path, &[("content-type", "application/json")], body).await;
            // Only this operation answers what it does not find with nothing.
            let status = if route.operation == "getExecution" { 200 } else { 404 };
            assert_eq!(answer.status, status, "{} {path}: {}", route.method, answer.text);
            answers.insert(answer.text);
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
    }
    assert_eq!(other.get(ALL).await.expect(200).json(), json!([]));
    assert_eq!(other.post(&format!("{ALL}/search"), &json!({})).await.expect(200).json()["executions"], json!([]));
    assert_eq!(other.post(&format!("{ALL}/steps/search"), &json!({})).await.expect(200).json()["hits"], 0);
    walk.go("deleteStep", &step_path, None, 204).await;
    walk.go("deleteExecution", &one, None, 204).await;
    walk.client.delete(&format!("{DEFINITIONS}/{definition}")).await.expect(204);
}
