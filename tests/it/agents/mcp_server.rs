//! A tenant's workflows and steps as tools of AI clients outside.

use super::Stage;
use crate::epilot::{GRANTS, edge, manual, template};
use crate::platform::{all_grants, chain, defined, enabled};
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A client of the protocol, of one revision and with some capabilities.
pub struct Mcp {
    client: Client,
    path: String,
    /// What a client of 2026-07-28 says of itself with every request; none: an older client.
    capabilities: Option<Value>,
}

impl Mcp {
    /// A client of an older revision, which knows neither tasks nor coming back with answers.
    pub fn old(client: &Client, base: &str) -> Self {
        Self { client: client.clone(), path: format!("{base}/mcp"), capabilities: None }
    }

    /// A client of 2026-07-28.
    fn new(client: &Client, base: &str, capabilities: Value) -> Self {
        Self { client: client.clone(), path: format!("{base}/mcp"), capabilities: Some(capabilities) }
    }

    /// The whole answer.
    async fn ask(&self, method: &str, params: Value) -> Value {
        let mut params = params;
        let name = params["name"].as_str().or(params["taskId"].as_str()).unwrap_or_default().to_owned();
        let mut headers = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        if let Some(capabilities) = &self.capabilities {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": capabilities,
            });
            headers.extend([("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)]);
            if !name.is_empty() {
                headers.push(("mcp-name", &name));
            }
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        self.client.send("POST", &self.path, &headers, Some(body.into_bytes())).await.json()
    }

    pub async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.ask(method, params).await;
        let code = answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method} is answered: {answer}"));
        (code, answer["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.result("tools/call", json!({"name": tool, "arguments": arguments})).await
    }

    /// Every tool, page by page.
    async fn tools(&self) -> Vec<Value> {
        let (mut all, mut params) = (Vec::new(), json!({}));
        loop {
            let page = self.result("tools/list", params).await;
            all.extend(page["tools"].as_array().expect("tools").iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => params = json!({"cursor": next}),
                None => return all,
            }
        }
    }
}

const SCOPES: [&str; 2] = ["platform:read", "platform:write"];

fn find(tools: &[Value], begins: &str) -> Value {
    let found = tools.iter().find(|tool| tool["name"].as_str().unwrap().starts_with(begins));
    found.unwrap_or_else(|| panic!("no tool '{begins}…'")).clone()
}

#[tokio::test]
async fn a_client_lists_and_calls_what_the_tenant_has() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    enabled(&host, &tenant, "counter", &all_grants()).await;
    defined(&host, &tenant, &chain(&[("mark_invoices_overdue", json!({})), ("counter/nothing", json!({}))])).await;
    let client = host.client(&tenant, "platform", &SCOPES, "live").await;
    let mcp = Mcp::old(&client, &tenant.base);

    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = mcp.result("initialize", hello).await;
    assert_eq!((&hello["protocolVersion"], &hello["serverInfo"]["name"]), (&json!("2025-11-25"), &json!("stepwright")));

    let tools = mcp.tools().await;
    let step = find(&tools, "mark_invoices_overdue");
    assert_eq!(step["inputSchema"]["type"], "object", "{step}");
    assert_eq!(find(&tools, "counter__show_call")["annotations"]["readOnlyHint"], false);
    assert_eq!(find(&tools, "stepwright_execution")["annotations"]["readOnlyHint"], true);
    let workflow = find(&tools, "workflow_a_chain_");
    assert_eq!(workflow["title"], "A chain");

    // A step by itself: an execution like any other, with a history and a definition of its own.
    let done = mcp.call("mark_invoices_overdue", json!({})).await;
    assert_eq!(done["isError"], false, "{done}");
    assert!(done["structuredContent"].is_object(), "{done}");
    let listed = client.get(&format!("{}/executions", tenant.base)).await.expect(200).json();
    let execution = listed["data"][0].clone();
    assert_eq!((&execution["status"], &execution["dialect"]), (&json!("completed"), &json!("platform")));
    let path = format!("{}/executions/{}", tenant.base, execution["id"].as_str().unwrap());
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!((shown["nodes"].as_array().map(Vec::len), &shown["nodes"][0]["status"]), (Some(1), &json!("completed")));
    assert!(client.get(&format!("{path}/history")).await.expect(200).json()["data"].as_array().unwrap().len() >= 3);
    let definitions = client.get(&format!("{}/definitions", tenant.base)).await.expect(200).json();
    assert_eq!(definitions["data"].as_array().map(Vec::len), Some(1), "no definition was left behind");

    let ran = mcp.call(workflow["name"].as_str().unwrap(), json!({"input": {"by": "model"}})).await;
    assert_eq!(ran["structuredContent"]["status"], "completed", "{ran}");
    let id = ran["structuredContent"]["execution_id"].clone();
    let looked = mcp.call("stepwright_execution", json!({"execution_id": id})).await;
    assert_eq!(looked["structuredContent"]["execution_id"], id);
}

#[tokio::test]
async fn another_tenants_key_sees_and_calls_none_of_it() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    enabled(&host, &mine, "counter", &all_grants()).await;
    defined(&host, &mine, &chain(&[("mark_invoices_overdue", json!({}))])).await;
    let here = Mcp::old(&host.client(&mine, "platform", &SCOPES, "live").await, &mine.base);
    let stranger = host.client(&theirs, "platform", &SCOPES, "live").await;
    let there = Mcp::old(&stranger, &theirs.base);

    let workflow = find(&here.tools().await, "workflow_")["name"].clone();
    let names: Vec<String> = there.tools().await.iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect();
    let foreign = |name: &&String| name.starts_with("counter") || name.starts_with("workflow_");
    assert_eq!(names.iter().filter(foreign).count(), 0, "{names:?}");
    for tool in [workflow.as_str().unwrap(), "counter__nothing", "no_such_tool"] {
        let refused = there.error("tools/call", json!({"name": tool, "arguments": {}})).await;
        assert_eq!(refused, (-32602, format!("there is no tool '{tool}'")));
    }
    // What was started here is nothing there.
    let ran = here.call("counter__nothing", json!({})).await;
    assert_eq!(ran["isError"], false, "{ran}");
    let ran = here.call(workflow.as_str().unwrap(), json!({})).await["structuredContent"]["execution_id"].clone();
    let looked = there.call("stepwright_execution", json!({"execution_id": ran})).await;
    assert_eq!(
        (&looked["isError"], &looked["structuredContent"]["message"]),
        (&json!(true), &json!("execution not found"))
    );
    let tasks = Mcp::new(&stranger, &theirs.base, json!({"extensions": {"io.modelcontextprotocol/tasks": {}}}));
    assert_eq!(tasks.error("tasks/get", json!({"taskId": ran})).await.0, -32602);
    assert_eq!(tasks.error("tasks/cancel", json!({"taskId": ran})).await.0, -32602);
    // Nor is the door.
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    stranger.post(&format!("{}/mcp", mine.base), &list).await.expect(404);
    stranger.without_key().post(&format!("{}/mcp", mine.base), &list).await.expect(401);
}

#[tokio::test]
async fn what_a_model_can_mend_is_told_to_the_model() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    enabled(&host, &tenant, "counter", &all_grants()).await;
    let id = defined(&host, &tenant, &chain(&[("mark_invoices_overdue", json!({}))])).await;
    let client = host.client(&tenant, "platform", &SCOPES, "live").await;
    let mcp = Mcp::old(&client, &tenant.base);

    let bad = mcp.call("counter__everything", json!({"id": 7})).await;
    assert_eq!(bad["isError"], true, "{bad}");
    let faults = bad["structuredContent"]["errors"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["pointer"] == "/id"), "{bad}");
    let workflow = find(&mcp.tools().await, "workflow_")["name"].as_str().unwrap().to_owned();
    let bad = mcp.call(&workflow, json!({"inptu": {}})).await;
    assert_eq!(bad["isError"], true, "{bad}");
    let bad = mcp.call(&workflow, json!({"entity": {"schema": "deal", "id": "nobody"}})).await;
    assert_eq!(bad["structuredContent"]["errors"][0]["pointer"], "/entity/id", "{bad}");
    // A step that fails is a result, too.
    let failed = mcp.call("counter__everything", json!({"id": "x", "then": "fail"})).await;
    assert_eq!(
        (&failed["isError"], &failed["structuredContent"]["status"]),
        (&json!(true), &json!("failed")),
        "{failed}"
    );
    // What cannot be mended by other arguments is an error of the protocol.
    assert_eq!(mcp.error("tools/list", json!({"cursor": "odd"})).await.0, -32602);
    assert_eq!(mcp.error("tools/nothing", json!({})).await.0, -32601);
    // A workflow that was put aside is not offered any more.
    client.delete(&format!("{}/definitions/{id}", tenant.base)).await.expect(204);
    assert_eq!(mcp.error("tools/call", json!({"name": workflow})).await.0, -32602);
}

#[tokio::test]
async fn a_key_that_only_reads_looks_but_starts_nothing() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let reader = host.client(&tenant, "platform", &["platform:read"], "live").await;
    let mcp = Mcp::old(&reader, &tenant.base);
    assert!(!mcp.tools().await.is_empty());
    let (code, text) = mcp.error("tools/call", json!({"name": "mark_invoices_overdue", "arguments": {}})).await;
    assert_eq!((code, text.contains("platform:write")), (-32600, true), "{text}");
    let listed = reader.get(&format!("{}/executions", tenant.base)).await.expect(200).json();
    assert_eq!(listed["data"], json!([]));
    // A key of plugins' publishers is none for this.
    let publisher = host.client(&tenant, "platform", &["plugins:publish"], "live").await;
    publisher.post(&format!("{}/mcp", tenant.base), &json!({})).await.expect(403);
}

#[tokio::test]
async fn many_tools_are_listed_page_by_page() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    for _ in 0..230 {
        defined(&host, &tenant, &chain(&[("mark_invoices_overdue", json!({}))])).await;
    }
    let mcp = Mcp::old(&host.client(&tenant, "platform", &SCOPES, "live").await, &tenant.base);
    let first = mcp.result("tools/list", json!({})).await;
    assert!(first["tools"].as_array().unwrap().len() <= 101 && first["nextCursor"].is_string());
    let tools = mcp.tools().await;
    let names: BTreeSet<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), tools.len(), "a tool is listed twice");
    assert_eq!(names.iter().filter(|name| name.starts_with("workflow_")).count(), 230);
    assert!(names.contains("mark_invoices_overdue") && names.contains("stepwright_execution"));
}

/// A tenant with a flow whose agent asks before it changes the order's amount; gives the flow's tool.
async fn careful() -> (Stage, Client, String) {
    let stage = Stage::set().await;
    let put = json!({"do": "call", "tool": "entities_put",
        "arguments": {"schema": "order", "id": "o1", "patch": {"amount": 7}}});
    let more = json!({"config": {"acts": [put], "outcome": "done"}, "grants": {"entities": {"write": ["order"]}}, "mode": "approval"});
    stage.scripted("script", more).await;
    let epilot = stage.host.client(&stage.tenant, "epilot", GRANTS, "test").await;
    let task = json!({"id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": {"agent_id": "a"}});
    template(&epilot, &json!({"name": "Raise the amount", "tasks": [task], "edges": []})).await;
    let client = stage.host.client(&stage.tenant, "platform", &SCOPES, "live").await;
    let tools = Mcp::old(&client, &stage.base).tools().await;
    let tool = find(&tools, "workflow_raise_the_amount_")["name"].as_str().unwrap().to_owned();
    (stage, client, tool)
}

fn about() -> Value {
    json!({"entity": {"schema": "order", "id": "o1"}})
}

#[tokio::test]
async fn an_execution_is_a_task_and_a_confirmation_input_required() {
    let (stage, client, tool) = careful().await;
    let mcp =
        Mcp::new(&client, &stage.base, json!({"extensions": {"io.modelcontextprotocol/tasks": {}}, "elicitation": {}}));
    let task = mcp.call(&tool, about()).await;
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    let get = json!({"taskId": task["taskId"]});
    let asked = eventually("the question", || async {
        let shown = mcp.result("tasks/get", get.clone()).await;
        (shown["status"] == "input_required").then_some(shown)
    })
    .await;
    let (question, request) = asked["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let message = request["params"]["message"].as_str().unwrap();
    assert!(message.contains("entities_put") && message.contains("\"amount\":7"), "{message}");
    let answer = |content: Value| {
        let mut responses = json!({});
        responses[question.as_str()] = json!({"action": "accept", "content": content});
        json!({"taskId": task["taskId"], "inputResponses": responses})
    };
    assert_eq!(mcp.error("tasks/update", answer(json!({"decision": "maybe"}))).await.0, -32602);
    mcp.result("tasks/update", answer(json!({"decision": "approve"}))).await;
    let done = eventually("the task's end", || async {
        let shown = mcp.result("tasks/get", get.clone()).await;
        (shown["status"] == "completed").then_some(shown)
    })
    .await;
    assert_eq!(done["result"]["structuredContent"]["status"], "completed", "{done}");
    assert_eq!(stage.attributes("order", "o1").await["amount"], 7);
    // It was decided, once.
    assert_eq!(mcp.error("tasks/update", answer(json!({"decision": "reject"}))).await.0, -32602);
}

#[tokio::test]
async fn a_task_can_be_cancelled() {
    let (stage, client, tool) = careful().await;
    let mcp = Mcp::new(&client, &stage.base, json!({"extensions": {"io.modelcontextprotocol/tasks": {}}}));
    let task = mcp.call(&tool, about()).await;
    let get = json!({"taskId": task["taskId"]});
    mcp.result("tasks/cancel", get.clone()).await;
    eventually("the task's end", || async {
        (mcp.result("tasks/get", get.clone()).await["status"] == "cancelled").then_some(())
    })
    .await;
    // Once more changes nothing.
    mcp.result("tasks/cancel", get).await;
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}

#[tokio::test]
async fn a_client_without_tasks_comes_back_with_the_answer_of_its_user() {
    let (stage, client, tool) = careful().await;
    let mcp = Mcp::new(&client, &stage.base, json!({"elicitation": {}}));
    let asked = mcp.call(&tool, about()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = asked["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let mut again = json!({"name": tool, "arguments": about(), "requestState": asked["requestState"]});
    again["inputResponses"][&question] = json!({"action": "decline"});
    let done = mcp.result("tools/call", again).await;
    assert_eq!(done["structuredContent"]["status"], "completed", "{done}");
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3, "the user has said no");
    let runs = client.get(&format!("{}/agent-runs", stage.base)).await.expect(200).json();
    assert_eq!(runs["data"].as_array().map(Vec::len), Some(1), "coming back starts nothing anew");
}

#[tokio::test]
async fn an_old_client_is_told_what_is_waited_for_and_can_confirm_nothing() {
    let (stage, client, tool) = careful().await;
    let mcp = Mcp::old(&client, &stage.base);
    let told = mcp.call(&tool, about()).await;
    let shown = &told["structuredContent"];
    assert_eq!(
        (&shown["status"], &shown["waits_for"][0]["tool"]),
        (&json!("running"), &json!("entities_put")),
        "{told}"
    );
    let tools = mcp.tools().await;
    let confirms = |tool: &&Value| tool["name"].as_str().is_some_and(|name| name.contains("confirm"));
    assert_eq!(tools.iter().filter(confirms).count(), 0);
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}

#[tokio::test]
async fn a_flow_that_stands_with_a_person_is_not_waited_for() {
    let (stage, client, _) = careful().await;
    let epilot = stage.host.client(&stage.tenant, "epilot", GRANTS, "test").await;
    let tasks = json!([manual("first"), manual("second")]);
    template(&epilot, &json!({"name": "By hand", "tasks": tasks, "edges": [edge("first", "second")]})).await;
    let mcp = Mcp::old(&client, &stage.base);
    let tool = find(&mcp.tools().await, "workflow_by_hand_")["name"].as_str().unwrap().to_owned();
    let began = std::time::Instant::now();
    let told = mcp.call(&tool, about()).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{told}");
    assert_eq!(told["structuredContent"]["message"], "it waits for a person to do their part", "{told}");
}
