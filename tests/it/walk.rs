//! Every route once, as it is meant to be used; a new route fails the test until somebody walks it.

use crate::platform::{chain, guest};
use crate::support::host::Tenant;
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use stepwright_engine::Dialect;

/// A caller that notes which operations it has used.
struct Walk {
    client: Client,
    dialect: Dialect,
    walked: BTreeSet<&'static str>,
}

impl Walk {
    fn new(client: Client, dialect: Dialect) -> Self {
        Self { client, dialect, walked: BTreeSet::new() }
    }

    async fn go(&mut self, operation: &'static str, path: &str, body: Option<Value>, status: u16) -> Value {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send(operation, path, "application/json", bytes, status).await
    }

    async fn send(
        &mut self,
        operation: &'static str,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
        status: u16,
    ) -> Value {
        let route = stepwright_api::routes()
            .iter()
            .find(|r| r.dialect == self.dialect && r.operation == operation && matches(r.path, path))
            .unwrap_or_else(|| panic!("{operation} is not at {path}"));
        let answer = self.client.send(route.method.as_str(), path, &[("content-type", kind)], body).await;
        assert_eq!(answer.status, status, "{operation} {path}: {}", answer.text);
        self.walked.insert(operation);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    /// Fails the test when a route of the dialect was left out.
    fn end(self) {
        let routes = stepwright_api::routes().iter().filter(|r| r.dialect == self.dialect);
        let missed: Vec<&str> = routes.map(|r| r.operation).filter(|o| !self.walked.contains(o)).collect();
        assert!(missed.is_empty(), "nobody walks {missed:?}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

#[tokio::test]
async fn every_route_of_the_platform_does_what_it_is_for() {
    let host = Arc::new(TestHost::start().await);
    let mut walk = Walk::new(host.operator.clone(), Dialect::Platform);
    let tenants = "/platform/v1/tenants";
    let made = walk.go("createTenant", tenants, Some(json!({"name": "Walked"})), 201).await;
    let t = format!("{tenants}/{}", id(&made));
    walk.go("listTenants", tenants, None, 200).await;
    walk.go("getTenant", &t, None, 200).await;

    let key = json!({"dialect": "platform", "scopes": ["platform:read"]});
    let key = walk.go("createKey", &format!("{t}/keys"), Some(key), 201).await;
    walk.go("listKeys", &format!("{t}/keys"), None, 200).await;
    walk.go("revokeKey", &format!("{t}/keys/{}", id(&key)), None, 204).await;
    walk.go("createInstance", &format!("{t}/instances"), Some(json!({"name": "one"})), 201).await;
    walk.go("listInstances", &format!("{t}/instances"), None, 200).await;
    walk.go("patchSettings", &format!("{t}/settings"), Some(json!({"timezone": "Europe/Berlin"})), 200).await;
    let settings = walk.go("getSettings", &format!("{t}/settings"), None, 200).await;
    assert_eq!(settings["timezone"], "Europe/Berlin");

    // In the sandbox, which sends no mail.
    let s = format!("{tenants}/{}", made["test_tenant_id"].as_str().unwrap());
    walk_data(&mut walk, &s).await;
    walk_webhooks(&mut walk, &s).await;
    let plugin = walk_plugins(&mut walk, &s).await;
    walk_automations(&mut walk, &s).await;
    walk_guards(&mut walk, &s).await;
    walk_agents(&mut walk, &s).await;
    walk_mcp_servers(&mut walk, &s).await;
    walk_agent_runs(&mut walk, &host).await;
    walk_executions(&mut walk, &s).await;

    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25",
        "capabilities": {}, "clientInfo": {"name": "walk", "version": "1"}}});
    let hello = walk.go("callMcp", &format!("{s}/mcp"), Some(hello), 200).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "stepwright");

    walk.go("getUsage", &format!("{s}/usage?from=2026-11-01&to=2026-11-30"), None, 200).await;
    walk.go("disablePlugin", &format!("{plugin}/disable"), None, 200).await;
    walk.go("deletePlugin", &plugin, None, 204).await;
    walk.go("deleteTenant", &format!("{t}?force=true"), None, 204).await;
    walk.end();
}

async fn walk_data(walk: &mut Walk, t: &str) {
    let entity = format!("{t}/entities/contact/c-1");
    walk.go("putEntity", &entity, Some(json!({"attributes": {"name": "Ada"}})), 201).await;
    let shown = walk.go("getEntity", &entity, None, 200).await;
    assert_eq!((&shown["attributes"]["name"], &shown["version"]), (&json!("Ada"), &json!(1)));
    walk.go("listEntities", &format!("{t}/entities/contact"), None, 200).await;
    walk.go("getEntityHistory", &format!("{entity}/history"), None, 200).await;
    walk.go("deleteEntity", &entity, None, 204).await;
    let rows = json!([{"id": "c1", "name": "Ada", "email": "ada@example.com"}]);
    let counts = walk.go("importData", &format!("{t}/data/customers"), Some(rows), 200).await;
    assert_eq!(counts, json!({"inserted": 1, "updated": 0}));
    walk.go("listData", &format!("{t}/data/customers"), None, 200).await;
    walk.go("listOutbox", &format!("{t}/outbox"), None, 200).await;
}

async fn walk_webhooks(walk: &mut Walk, t: &str) {
    let all = format!("{t}/webhook-endpoints");
    let body = json!({"dialect": "softsolz", "url": "https://example.com/hook", "events": []});
    let made = walk.go("createWebhookEndpoint", &all, Some(body), 201).await;
    let one = format!("{all}/{}", id(&made));
    walk.go("listWebhookEndpoints", &all, None, 200).await;
    walk.go("getWebhookEndpoint", &one, None, 200).await;
    walk.go("updateWebhookEndpoint", &one, Some(json!({"enabled": false})), 200).await;
    walk.go("listWebhookDeliveries", &format!("{one}/deliveries"), None, 200).await;
    let rotated = walk.go("rotateWebhookSecret", &format!("{one}/rotate-secret"), None, 200).await;
    assert_ne!(rotated["secret"], made["secret"]);
    walk.go("deleteWebhookEndpoint", &one, None, 204).await;
}

async fn walk_plugins(walk: &mut Walk, t: &str) -> String {
    let all = format!("{t}/plugins");
    let bytes = Some(guest("counter"));
    let made = walk.send("publishPlugin", &all, "application/wasm", bytes, 201).await;
    let one = format!("{all}/{}/{}", made["name"].as_str().unwrap(), made["version"].as_str().unwrap());
    walk.go("listPlugins", &all, None, 200).await;
    let grants = json!({"grants": {"entities": {"read": ["*"], "write": ["*"]}, "data": {"read": ["*"], "write": ["*"]},
        "mail": true, "notify": true, "kv": true, "flow": true, "events": true}});
    walk.go("enablePlugin", &format!("{one}/enable"), Some(grants), 200).await;
    assert_eq!(walk.go("getPlugin", &one, None, 200).await["state"], "enabled");
    let tried = json!({"step": "nothing", "config": {}, "input": {}});
    walk.go("tryPlugin", &format!("{one}/try"), Some(tried), 200).await;
    one
}

async fn walk_automations(walk: &mut Walk, t: &str) {
    let all = format!("{t}/automations");
    let body = json!({"id": "sweep", "name": "Sweep", "actions": [{"step_type": "mark_invoices_overdue"}]});
    walk.go("createAutomation", &all, Some(body.clone()), 201).await;
    walk.go("listAutomations", &all, None, 200).await;
    walk.go("getAutomation", &format!("{all}/sweep"), None, 200).await;
    walk.go("replaceAutomation", &format!("{all}/sweep"), Some(body), 200).await;
    walk.go("deleteAutomation", &format!("{all}/sweep"), None, 204).await;
}

async fn walk_guards(walk: &mut Walk, t: &str) {
    let (all, one) = (format!("{t}/guards"), format!("{t}/guards/approval"));
    let body = json!({"plugin": "approval", "guard": "approval", "config": {"statuses": ["completed"]}});
    walk.go("bindGuard", &one, Some(body), 201).await;
    let shown = walk.go("getGuard", &one, None, 200).await;
    assert_eq!((&shown["fail_open"], &shown["config"]["statuses"]), (&json!(false), &json!(["completed"])));
    let listed = walk.go("listGuards", &all, None, 200).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    walk.go("unbindGuard", &one, None, 204).await;
}

async fn walk_agents(walk: &mut Walk, t: &str) {
    let all = format!("{t}/agents");
    let body = json!({"id": "assigner", "name": "Assigner", "agent": "partner-assigner"});
    walk.go("createAgent", &all, Some(body.clone()), 201).await;
    walk.go("listAgents", &all, None, 200).await;
    walk.go("getAgent", &format!("{all}/assigner"), None, 200).await;
    walk.go("replaceAgent", &format!("{all}/assigner"), Some(body), 200).await;
    walk.go("deleteAgent", &format!("{all}/assigner"), None, 204).await;
}

async fn walk_mcp_servers(walk: &mut Walk, t: &str) {
    let server = crate::support::mcp::ForeignServer::start().await;
    let settings = json!({"webhooks": {"allow_private_targets": true}});
    walk.go("patchSettings", &format!("{t}/settings"), Some(settings), 200).await;
    let all = format!("{t}/mcp-servers");
    let body = json!({"id": "crm", "name": "The CRM", "url": server.url, "allow": ["*"]});
    walk.go("createMcpServer", &all, Some(body.clone()), 201).await;
    walk.go("listMcpServers", &all, None, 200).await;
    assert_eq!(walk.go("getMcpServer", &format!("{all}/crm"), None, 200).await["pinned_at"], Value::Null);
    let pinned = walk.go("pinMcpServer", &format!("{all}/crm/pin"), None, 200).await;
    assert_eq!(pinned["tools"][0]["tool"], "mcp__crm__lookup", "{pinned}");
    walk.go("replaceMcpServer", &format!("{all}/crm"), Some(body), 200).await;
    walk.go("deleteMcpServer", &format!("{all}/crm"), None, 204).await;
}

async fn walk_agent_runs(walk: &mut Walk, host: &Arc<TestHost>) {
    let stage = crate::agents::Stage::on(Arc::clone(host)).await;
    let asks = json!({"acts": [{"do": "confirm", "question": "Sure?"}]});
    stage.scripted("script", json!({ "config": asks })).await;
    let flow = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&flow.id, stepwright_engine::flow::TaskStatus::WaitingForConfirmation).await;
    let (run, t) = (id(&stage.run_of(&flow).await), &stage.base);
    let listed = walk.go("listAgentRuns", &format!("{t}/agent-runs"), None, 200).await;
    assert_eq!(listed["data"][0]["id"], json!(run));
    walk.go("getAgentRun", &format!("{t}/agent-runs/{run}"), None, 200).await;
    walk.go("getAgentRunJournal", &format!("{t}/agent-runs/{run}/journal"), None, 200).await;
    let asked = walk.go("listConfirmations", &format!("{t}/confirmations?pending=true"), None, 200).await;
    let decide = format!("{t}/confirmations/{}/decide", id(&asked["data"][0]));
    walk.go("decideConfirmation", &decide, Some(json!({"decision": "approve"})), 200).await;
    stage.becomes(&flow.id, stepwright_engine::flow::TaskStatus::Completed).await;
    let replayed = walk.go("replayAgentRun", &format!("{t}/agent-runs/{run}/replay"), None, 200).await;
    assert_eq!((&replayed["same"], &replayed["calls"]), (&json!(true), &json!(1)));
}

async fn walk_executions(walk: &mut Walk, t: &str) {
    let all = format!("{t}/definitions");
    let asks = |on_failure: &str, step: &str, config: Value| {
        json!({"name": "Asks", "on_failure": on_failure, "trigger": {"kind": "manual"}, "nodes": [
            {"id": "ask", "type": "manual"}, {"id": "act", "type": "step", "step_type": step, "config": config}]})
    };
    let made = walk.go("createDefinition", &all, Some(chain(&[("mark_invoices_overdue", json!({}))])), 201).await;
    let one = format!("{all}/{}", id(&made));
    walk.go("listDefinitions", &all, None, 200).await;
    walk.go("getDefinition", &one, None, 200).await;

    let wait = asks("stop", "counter/everything", json!({"id": "w", "then": "wait"}));
    walk.go("replaceDefinition", &one, Some(wait), 200).await;
    let first = walk.go("startExecution", &format!("{one}/executions"), Some(json!({})), 202).await;
    let first = format!("{t}/executions/{}", id(&first));
    walk.go("completeTask", &format!("{first}/tasks/ask/complete"), Some(json!({"output": {}})), 200).await;
    let client = walk.client.clone();
    eventually("the step that waits", || async {
        let shown = client.get(&first).await.expect(200).json();
        (shown["nodes"][1]["status"] == "waiting").then_some(())
    })
    .await;
    let answer = Some(json!({"yes": true}));
    walk.go("callbackExecution", &format!("{first}/callbacks/everything-w"), answer, 200).await;
    status_becomes(&client, &first, "completed").await;
    let shown = walk.go("getExecution", &first, None, 200).await;
    assert_eq!(shown["output"]["resumed"], json!({"yes": true}), "{shown}");
    walk.go("getExecutionHistory", &format!("{first}/history"), None, 200).await;
    walk.go("listExecutions", &format!("{t}/executions"), None, 200).await;

    for (on_failure, ended, operation, verb) in
        [("stop", "failed", "retryExecution", "retry"), ("pause", "paused", "resumeExecution", "resume")]
    {
        let fails = asks(on_failure, "counter/everything", json!({"id": on_failure, "then": "fail"}));
        client.json("PUT", &one, &fails).await.expect(200);
        let started = client.post(&format!("{one}/executions"), &json!({})).await.expect(202).json();
        let path = format!("{t}/executions/{}", id(&started));
        walk.go("skipTask", &format!("{path}/tasks/ask/skip"), Some(json!({"reason": "not needed"})), 200).await;
        status_becomes(&client, &path, ended).await;
        walk.go(operation, &format!("{path}/{verb}"), None, 200).await;
        status_becomes(&client, &path, ended).await;
        if on_failure == "pause" {
            walk.go("cancelExecution", &format!("{path}/cancel"), None, 200).await;
        }
    }
    walk.go("deleteDefinition", &one, None, 204).await;
}

async fn status_becomes(client: &Client, path: &str, status: &str) {
    eventually("the status", || async {
        (client.get(path).await.expect(200).json()["status"] == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_route_of_softsolz_does_what_it_is_for_and_hides_it_from_other_tenants() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let client = host.client(&mine, "softsolz", crate::softsolz::SCOPES, "test").await;
    let other = host.client(&theirs, "softsolz", crate::softsolz::SCOPES, "test").await;
    let base = crate::softsolz::BASE;
    let mut walk = Walk::new(client.clone(), Dialect::Softsolz);
    walk.go("whoami", "/api/v1/whoami", None, 200).await;
    walk.go("getActionCatalog", &format!("{base}/action-catalog"), None, 200).await;
    let body = crate::softsolz::manual(json!([{"type": "mark_invoices_overdue"}]));
    let made = walk.go("createWorkflow", &format!("{base}/workflows"), Some(body), 201).await;
    let one = format!("{base}/workflows/{}", id(&made["data"]));
    walk.go("listWorkflows", &format!("{base}/workflows"), None, 200).await;
    walk.go("getWorkflow", &one, None, 200).await;
    walk.go("updateWorkflow", &one, Some(json!({"name": "Other"})), 200).await;
    walk.go("pauseWorkflow", &format!("{one}/pause"), None, 200).await;
    walk.go("resumeWorkflow", &format!("{one}/resume"), None, 200).await;
    let run = walk.go("runWorkflow", &format!("{one}/run"), None, 201).await;
    let run = run["data"]["run_id"].as_str().expect("run_id").to_owned();
    crate::softsolz::ended(&client, &run).await;
    walk.go("getRun", &format!("{base}/runs/{run}"), None, 200).await;
    walk.go("listRuns", &format!("{base}/runs"), None, 200).await;
    walk.go("listWorkflowRuns", &format!("{one}/runs"), None, 200).await;

    // Whatever is asked of them, another tenant's ids are answered like ids that nobody has.
    for route in stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Softsolz && r.path.contains("{id}")) {
        let known = if route.path.contains("/runs/{id}") { run.clone() } else { id(&made["data"]) };
        let body = (route.method == "PUT").then(|| b"{}".to_vec());
        let mut answers = BTreeSet::new();
        for id in [known.as_str(), "0190aaaa-0000-7000-8000-000000000000"] {
            let path = route.path.replace("{id}", id);
            let json = [("content-type", "application/json")];
            let answer = other.send(route.method.as_str(), &path, &json, body.clone()).await;
            assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
            answers.insert(answer.text.replace(id, "ID"));
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
    }
    for list in ["workflows", "runs"] {
        let seen = other.get(&format!("{base}/{list}")).await.expect(200).json();
        assert_eq!(seen["data"], json!([]), "{list}");
    }
    walk.go("deleteWorkflow", &one, None, 204).await;
    walk.end();
}

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

#[tokio::test]
async fn every_route_of_smartmca_does_what_it_is_for_and_hides_it_from_other_tenants() {
    use crate::smartmca::{BASE, ended, made, member, onboarding, put};
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, other) = member(&host).await;
    let (_, workflow) = made(&host, &tenant, &client, &onboarding()).await;
    put(&host, &tenant, "application", "app-1", &json!({})).await;
    let mut walk = Walk::new(client.clone(), Dialect::Smartmca);
    walk.go("listWorkflows", &format!("{BASE}/workflows"), None, 200).await;
    walk.go("getWorkflow", &format!("{BASE}/workflows/{workflow}"), None, 200).await;
    let trigger = json!({"workflowType": workflow, "entityType": "deal", "entityId": "deal_456"});
    let started = walk.go("triggerWorkflow", &format!("{BASE}/workflows/trigger"), Some(trigger), 202).await;
    let execution = started["executionId"].as_str().unwrap().to_owned();
    ended(&client, &execution).await;
    walk.go("listExecutions", &format!("{BASE}/workflows/executions"), None, 200).await;
    walk.go("getExecution", &format!("{BASE}/workflows/executions/{execution}"), None, 200).await;
    let application = format!("{BASE}/applications/app-1");
    let status = Some(json!({"status": "new"}));
    walk.go("changeApplicationStatus", &format!("{application}/change-status"), status, 200).await;
    walk.go("advanceApplicationStage", &format!("{application}/advance-stage"), Some(json!({})), 200).await;
    let user = Some(json!({"underwriterId": "u-1"}));
    walk.go("assignUnderwriter", &format!("{application}/assign-underwriter"), user, 200).await;
    walk.end();
    for path in [format!("{BASE}/workflows/{workflow}"), format!("{BASE}/workflows/executions/{execution}")] {
        other.get(&path).await.expect(404);
    }
    other.post(&format!("{application}/advance-stage"), &json!({})).await.expect(404);
    let seen = other.get(&format!("{BASE}/workflows/executions")).await.expect(200).json();
    assert_eq!(seen["data"], json!([]));
}

#[tokio::test]
async fn every_route_of_hydracore_does_what_it_is_for_and_hides_it_from_others() {
    use crate::hydracore::Bed;
    let host = TestHost::start().await;
    let (mine, theirs) = (Bed::new(&host).await, Bed::new(&host).await);
    let neighbour = mine.other_instance(&host).await;
    let mut walk = Walk::new(mine.agent.clone(), Dialect::Hydracore);
    let all = mine.workflows();
    let made = walk.go("createWorkflow", &all, Some(mine.lead()), 201).await;
    let one = format!("{all}/{}", id(&made));
    let listed = walk.go("queryWorkflowsInternal", &format!("{all}?status=active"), None, 200).await;
    assert_eq!((&listed["total"], &listed["workflows"][0]), (&json!(1), &made));
    assert_eq!(walk.go("getWorkflowInternal", &one, None, 200).await, made);
    let moved = walk.go("advanceWorkflow", &one, Some(json!({"action": "contacted", "stage": "called"})), 200).await;
    assert_eq!((&moved["stage"], &moved["history"][1]["action"]), (&json!("called"), &json!("contacted")));
    walk.go("suspendWorkflowInternal", &format!("{one}/suspend"), Some(json!({"step": "sign"})), 200).await;
    let done = walk.go("resumeWorkflowInternal", &format!("{one}/resume"), Some(json!({})), 200).await;
    assert_eq!(done, json!({"id": id(&made), "message": "Workflow resumed", "status": "active"}));

    walk.client = mine.admin.clone();
    let seen = format!("/v1/workflows/{}", id(&made));
    assert_eq!(walk.go("listWorkflowsDashboard", "/v1/workflows", None, 200).await["total"], 1);
    walk.go("getWorkflowDashboard", &seen, None, 200).await;
    let body = json!({"step": "sign", "payload": {"paper": 1}});
    let done = walk.go("suspendWorkflow", &format!("{seen}/suspend"), Some(body), 200).await;
    assert_eq!(done["message"], "Workflow suspended at step 'sign'");
    let suspended = walk.go("listSuspendedWorkflows", "/v1/workflows/suspended", None, 200).await;
    let first = &suspended[0];
    assert_eq!((&first["id"], &first["suspended_step"]), (&made["id"], &json!("sign")));
    assert_eq!(first["suspended_payload"], json!({"paper": 1}));
    walk.go("resumeWorkflow", &format!("{seen}/resume"), None, 200).await;

    // Whatever is asked of them, others' ids are answered like ids that nobody has.
    let nobody = "0190aaaa-0000-7000-8000-000000000000";
    let bodies = |operation: &str| match operation {
        "advanceWorkflow" => json!({"action": "steal"}),
        "suspendWorkflow" | "suspendWorkflowInternal" => json!({"step": "steal"}),
        _ => json!({}),
    };
    let mut seen_routes = 0;
    for route in
        stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Hydracore && r.path.contains("{workflow_id}"))
    {
        let strangers: Vec<(Client, String)> = if route.path.starts_with("/internal") {
            vec![
                (neighbour.agent.clone(), route.path.replace("{instance_id}", &neighbour.instance)),
                (theirs.agent.clone(), route.path.replace("{instance_id}", &theirs.instance)),
            ]
        } else {
            vec![(theirs.admin.clone(), route.path.to_owned())]
        };
        for (stranger, path) in strangers {
            let mut answers = BTreeSet::new();
            for workflow in [id(&made).as_str(), nobody] {
                let path = path.replace("{workflow_id}", workflow);
                let body = (route.method != "GET").then(|| bodies(route.operation).to_string().into_bytes());
                let json = [("content-type", "application/json")];
                let answer = stranger.send(route.method.as_str(), &path, &json, body).await;
                assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
                answers.insert(answer.text);
            }
            assert_eq!(answers, BTreeSet::from([r#"{"detail":"Workflow not found"}"#.to_owned()]), "{}", route.path);
        }
        seen_routes += 1;
    }
    assert_eq!(seen_routes, 8);
    for (stranger, list) in [
        (&theirs.admin, "/v1/workflows".to_owned()),
        (&theirs.agent, theirs.workflows()),
        (&neighbour.agent, neighbour.workflows()),
    ] {
        let listed = stranger.get(&list).await.expect(200).json();
        assert_eq!((&listed["total"], &listed["workflows"]), (&json!(0), &json!([])), "{list}");
    }
    assert_eq!(theirs.admin.get("/v1/workflows/suspended").await.expect(200).json(), json!([]));
    for path in [all.clone(), all.replace(&mine.instance, nobody)] {
        let answer = theirs.agent.get(&path).await.expect(403);
        assert_eq!(answer.json(), json!({"detail": "Not authorized for this instance"}));
    }

    let done = walk.go("abortWorkflow", &format!("{seen}/abort"), None, 200).await;
    assert_eq!(done, json!({"id": id(&made), "message": "Workflow aborted", "status": "cancelled"}));
    walk.end();
}
