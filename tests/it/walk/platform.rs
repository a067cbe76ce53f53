//! The platform's own API.

use super::{Walk, id};
use crate::platform::{chain, guest};
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};
use std::sync::Arc;
use stepwright_engine::Dialect;

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
