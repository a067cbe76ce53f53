use super::{Stage, state};
use serde_json::{Value, json};
use stepwright_engine::flow::{AgentState, TaskStatus};

fn kinds(journal: &Value) -> Vec<(String, String)> {
    let entries = journal["entries"].as_array().expect("entries").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    entries.map(|e| (text(&e["kind"]), text(&e["phase"]))).collect()
}

#[tokio::test]
async fn the_rule_based_agent_assigns_a_partner_and_the_flow_goes_on() {
    let stage = Stage::set().await;
    stage.entity("partner", "p1", json!({"postal_code": ["50667"], "score": 1})).await;
    stage.entity("partner", "p2", json!({"postal_code": ["50667"], "score": 2})).await;
    let grants = json!({"entities": {"read": ["order", "partner", "installer"], "write": ["order"]}});
    let config = json!({"criteria": [{"attribute": "postal_code"}], "rank_by": "score"});
    stage
        .agent(json!({"id": "assigner", "name": "A", "agent": "partner-assigner", "config": config, "grants": grants}))
        .await;
    let started = stage.start("assigner", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let run = flow.tasks[0].agent().unwrap().run.clone().unwrap();
    assert_eq!((run.outcome.as_deref(), run.entities[0].id.as_str()), (Some("assigned"), "p2"));
    assert_eq!(flow.crt_tasks.len(), 1, "the manual task is current");
    assert_eq!(stage.attributes("order", "o1").await["partner_id"], "p2");

    let shown = stage.run_of(&flow).await;
    assert_eq!((&shown["status"], &shown["outcome"]), (&json!("completed"), &json!("assigned")));
    assert_eq!(shown["spent"]["tool_calls"], 3, "{shown}");
    let journal = stage.journal(&shown).await;
    assert_eq!(journal["intact"], true);
    let two = |kind: &str| [(kind.to_owned(), "intent".to_owned()), (kind.to_owned(), "result".to_owned())];
    assert_eq!(kinds(&journal), [two("tool"), two("tool"), two("tool")].concat());
    // Parameters of the task lie over the agent's config.
    let started = stage.start("assigner", json!({"schema": "installer"})).await;
    let flow = stage.becomes(&started.id, TaskStatus::OnHold).await;
    assert_eq!(stage.run_of(&flow).await["outcome"], "no_eligible_partner");
    assert!(matches!(state(&flow), AgentState::Completed { .. }));
}

#[tokio::test]
async fn what_an_agent_is_not_granted_does_not_exist_for_it() {
    let stage = Stage::set().await;
    let acts = json!({"acts": [{"do": "tools"},
        {"do": "call", "tool": "entities_get", "arguments": {"schema": "order", "id": "o1"}},
        {"do": "call", "tool": "entities_get", "arguments": {"schema": "secret", "id": "o1"}},
        {"do": "call", "tool": "entities_get", "arguments": {"schema": "order"}},
        {"do": "call", "tool": "entities_put", "arguments": {"schema": "order", "id": "o1", "patch": {}}},
        {"do": "call", "tool": "mark_invoices_overdue", "arguments": {}}]});
    let grants = json!({"entities": {"read": ["order"]}});
    stage.scripted("script", json!({"config": acts, "grants": grants})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let output = stage.run_of(&flow).await["output"].clone();
    assert_eq!(output[0], json!(["entities_get", "entities_list"]));
    assert_eq!(output[1]["value"]["attributes"]["amount"], 3);
    let denied = output[2]["error"].as_str().unwrap();
    assert!(denied.contains("not granted entities.read: secret"), "{denied}");
    assert_eq!(output[3]["error"], "the arguments do not fit; /id: is required");
    for missing in [&output[4], &output[5]] {
        assert_eq!(missing["error"], "there is no such tool");
    }
}

#[tokio::test]
async fn steps_of_the_tenant_are_tools_whose_effects_are_kept() {
    let stage = Stage::set().await;
    crate::support::data::business(&stage.host.operator, &stage.base).await;
    let acts = json!({"acts": [{"do": "tools"}, {"do": "call", "tool": "mark_invoices_overdue", "arguments": {}}]});
    stage.scripted("script", json!({"config": acts, "grants": {"steps": ["mark_invoices_overdue"]}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let output = stage.run_of(&flow).await["output"].clone();
    assert_eq!((&output[0], &output[1]["value"]["marked"]), (&json!(["mark_invoices_overdue"]), &json!(1)));
    let rows = crate::support::data::rows(&stage.host.operator, &stage.base, "invoices").await;
    assert_eq!(rows["i1"]["status"], "overdue");
    // A draft tells what it would have done, and does nothing.
    let draft = json!({"id": "d", "name": "D", "agent": "agent-guest/script", "mode": "draft",
        "config": {"acts": [{"do": "call", "tool": "entities_put",
            "arguments": {"schema": "order", "id": "o1", "patch": {"amount": 9}}}]},
        "grants": {"entities": {"write": ["order"]}}});
    stage.agent(draft).await;
    let started = stage.start("d", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    assert_eq!(stage.run_of(&flow).await["output"][0]["value"]["drafted"], true);
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}

/// The status, the client's code and the closed list's word of a run that has failed.
async fn failure(stage: &Stage, agent: &str, config: Value, budget: Value) -> (String, Value) {
    let id = format!("f-{agent}");
    let body =
        json!({"id": id, "name": "F", "agent": format!("agent-guest/{agent}"), "config": config, "budget": budget});
    stage.agent(body).await;
    let started = stage.start(&id, Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let AgentState::Failed { error, .. } = state(&flow) else { panic!("{:?}", state(&flow)) };
    let run = stage.run_of(&flow).await;
    assert_eq!(run["status"], "failed");
    assert_eq!(run["error"]["code"], json!(error.error_code), "{run}");
    (error.error_code.clone(), run["error"]["info"].clone())
}

#[tokio::test]
async fn every_way_to_fail_is_told_by_its_word() {
    let stage = Stage::set().await;
    stage.scripted("script", json!({})).await;
    let nothing = || json!({});
    let (code, info) = failure(&stage, "trap", nothing(), nothing()).await;
    assert_eq!((code.as_str(), &info["reason"]), ("INTERNAL_ERROR", &json!("GUEST_ERROR")));
    let (code, info) = failure(&stage, "liar", nothing(), json!({"llm_calls": 1})).await;
    assert_eq!((code.as_str(), &info["reason"]), ("INVALID_OUTPUT", &json!("INVALID_OUTPUT")));
    let (code, info) = failure(&stage, "spin", nothing(), json!({"fuel": 10_000_000})).await;
    assert_eq!((code.as_str(), info), ("TIMEOUT", json!({"reason": "BUDGET_EXHAUSTED", "dimension": "fuel"})));
    let (code, info) = failure(&stage, "sleep", nothing(), json!({"wall_ms": 300})).await;
    assert_eq!((code.as_str(), info), ("TIMEOUT", json!({"reason": "BUDGET_EXHAUSTED", "dimension": "wall_ms"})));
    let (code, info) = failure(&stage, "chatter", nothing(), json!({"bytes": 20_000})).await;
    assert_eq!((code.as_str(), info), ("LLM_ERROR", json!({"reason": "BUDGET_EXHAUSTED", "dimension": "bytes"})));
    let again = json!({"acts": [{"do": "call", "tool": "nothing", "arguments": {}}], "times": 9});
    let (code, info) = failure(&stage, "script", again, nothing()).await;
    assert_eq!((code.as_str(), info), ("MAX_ITERATIONS_EXCEEDED", json!({"reason": "LOOP_DETECTED"})));
    // Nobody has made this agent.
    let started = stage.start("nobody", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let AgentState::Failed { error, .. } = state(&flow) else { panic!("{:?}", state(&flow)) };
    assert!(error.error_reason.contains("there is no agent 'nobody'"), "{error:?}");
}

#[tokio::test]
async fn a_budget_is_hard_and_an_agent_that_insists_fails_for_it() {
    let stage = Stage::set().await;
    let get =
        |n: u32| json!({"do": "call", "tool": "entities_get", "arguments": {"schema": "order", "id": format!("o{n}")}});
    let acts = json!({"acts": [get(1), get(2), get(3), {"do": "insist"}]});
    let grants = json!({"entities": {"read": ["order"]}});
    stage.scripted("script", json!({"config": acts, "grants": grants, "budget": {"tool_calls": 2}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!(run["error"]["info"], json!({"reason": "BUDGET_EXHAUSTED", "dimension": "tool_calls"}));
    assert_eq!(run["spent"]["tool_calls"], 2);
}

#[tokio::test]
async fn what_an_agent_keeps_is_there_in_its_next_run() {
    let stage = Stage::set().await;
    let acts = json!({"acts": [{"do": "get", "key": "k"}, {"do": "put", "key": "k", "value": {"n": 1}}]});
    stage.scripted("script", json!({"config": acts})).await;
    for expected in [json!([null, 1]), json!([[1, {"n": 1}], 2])] {
        let started = stage.start("a", Value::Null).await;
        let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
        assert_eq!(stage.run_of(&flow).await["output"], expected);
    }
}

#[tokio::test]
async fn another_tenants_runs_and_questions_do_not_exist() {
    let stage = Stage::set().await;
    stage.scripted("script", json!({"config": {"acts": [{"do": "confirm", "question": "Sure?"}]}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::WaitingForConfirmation).await;
    let (run, question) = (stage.run_of(&flow).await, stage.question().await);
    let other = stage.host.tenant().await.base;
    let scopes = ["platform:read", "platform:write"];
    let tenant = crate::support::host::Tenant { base: other.clone(), test_base: other.clone() };
    let client = stage.host.client(&tenant, "platform", &scopes, "live").await;
    let run = run["id"].as_str().unwrap();
    for path in [format!("agent-runs/{run}"), format!("agent-runs/{run}/journal")] {
        client.get(&format!("{other}/{path}")).await.expect(404);
        client.get(&format!("{}/{path}", stage.base)).await.expect(404);
    }
    let decide = format!("{other}/confirmations/{}/decide", question["id"].as_str().unwrap());
    client.post(&decide, &json!({"decision": "approve"})).await.expect(404);
    assert_eq!(client.get(&format!("{other}/confirmations")).await.expect(200).json()["data"], json!([]));
    assert_eq!(client.get(&format!("{other}/agent-runs")).await.expect(200).json()["data"], json!([]));
}
