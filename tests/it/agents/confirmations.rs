use super::{Stage, state};
use crate::support::eventually;
use serde_json::{Value, json};
use stepwright_engine::flow::{AgentState, TaskStatus};

/// An agent in approval mode that changes the order's amount.
async fn careful(stage: &Stage) -> stepwright_engine::flow::Flow {
    let put = json!({"do": "call", "tool": "entities_put",
        "arguments": {"schema": "order", "id": "o1", "patch": {"amount": 7}}});
    let config = json!({"acts": [{"do": "now"}, {"do": "random"}, put], "outcome": "done"});
    let grants = json!({"entities": {"write": ["order"]}});
    stage.scripted("script", json!({"config": config, "grants": grants, "mode": "approval"})).await;
    let started = stage.start("a", Value::Null).await;
    stage.becomes(&started.id, TaskStatus::WaitingForConfirmation).await
}

#[tokio::test]
async fn an_approved_call_is_made_and_the_run_goes_on_where_it_stood() {
    let stage = Stage::set().await;
    let flow = careful(&stage).await;
    assert_eq!(state(&flow), &AgentState::WaitingApproval);
    let question = stage.question().await;
    assert_eq!((&question["kind"], &question["tool"]), (&json!("tool"), &json!("entities_put")));
    assert_eq!(question["detail"]["patch"], json!({"amount": 7}));
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3, "nothing is done before somebody agrees");
    let before = stage.journal(&stage.run_of(&flow).await).await;
    // Not about what was seen.
    let other = json!({"decision": "approve", "hash": "0".repeat(64)});
    stage.decide(&question, other, 409).await;
    stage.decide(&question, json!({"decision": "maybe"}), 422).await;
    let decided = stage.decide(&question, json!({"decision": "approve", "hash": question["hash"]}), 200).await;
    assert_eq!((&decided["status"], &decided["decided_by"]), (&json!("approved"), &json!("operator")));
    stage.decide(&question, json!({"decision": "reject"}), 409).await;

    let flow = stage.becomes(&flow.id, TaskStatus::Completed).await;
    assert_eq!(stage.attributes("order", "o1").await["amount"], 7);
    let run = stage.run_of(&flow).await;
    let journal = stage.journal(&run).await;
    // What stood in the journal still stands there, and was not done again.
    let kept = before["entries"].as_array().unwrap();
    assert_eq!(&journal["entries"].as_array().unwrap()[..kept.len()], &kept[..]);
    let shown = run["output"].as_array().unwrap();
    assert_eq!(shown[0].as_str().map(str::len), Some(24), "{shown:?}");
    assert_eq!(run["spent"]["tool_calls"], 1);
}

#[tokio::test]
async fn edited_arguments_are_what_the_tool_is_called_with() {
    let stage = Stage::set().await;
    let flow = careful(&stage).await;
    let question = stage.question().await;
    stage.decide(&question, json!({"decision": "edit"}), 422).await;
    let arguments = json!({"schema": "order", "id": "o1", "patch": {"amount": 8}});
    stage.decide(&question, json!({"decision": "edit", "arguments": arguments}), 200).await;
    stage.becomes(&flow.id, TaskStatus::Completed).await;
    assert_eq!(stage.attributes("order", "o1").await["amount"], 8);
}

#[tokio::test]
async fn a_rejection_is_told_to_the_agent() {
    let stage = Stage::set().await;
    let flow = careful(&stage).await;
    let question = stage.question().await;
    stage.decide(&question, json!({"decision": "reject", "reason": "too much"}), 200).await;
    let flow = stage.becomes(&flow.id, TaskStatus::Completed).await;
    assert_eq!(stage.run_of(&flow).await["output"][2]["error"], "a person has said no: too much");
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}

#[tokio::test]
async fn a_question_that_nobody_answers_expires() {
    let stage = Stage::set().await;
    let acts = json!({"acts": [{"do": "confirm", "question": "Sure?"}]});
    stage.scripted("script", json!({"config": acts, "budget": {"confirm_within": 60}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::WaitingForConfirmation).await;
    let question = stage.question().await;
    stage.host.advance_secs(61);
    let flow = stage.becomes(&flow.id, TaskStatus::Completed).await;
    assert_eq!(stage.run_of(&flow).await["output"], json!(["expired"]));
    stage.decide(&question, json!({"decision": "approve"}), 409).await;
}

#[tokio::test]
async fn calls_side_by_side_wait_for_all_who_are_asked() {
    let stage = Stage::set().await;
    let put = |n: u32| json!({"schema": "order", "id": format!("n{n}"), "patch": {"n": n}});
    let acts = json!({"acts": [{"do": "call_all", "tool": "entities_put", "arguments": [put(1), put(2), put(3)]}]});
    let grants = json!({"entities": {"write": ["order"]}});
    stage.scripted("script", json!({"config": acts, "grants": grants, "mode": "approval"})).await;
    let started = stage.start("a", Value::Null).await;
    stage.becomes(&started.id, TaskStatus::WaitingForConfirmation).await;
    let path = format!("{}/confirmations?pending=true", stage.base);
    let asked = stage.host.operator.get(&path).await.expect(200).json()["data"].clone();
    let asked = asked.as_array().unwrap();
    assert_eq!(asked.len(), 3);
    for question in &asked[..2] {
        stage.decide(question, json!({"decision": "approve"}), 200).await;
        assert_eq!(
            stage.host.operator.get(&format!("{}/entities/order", stage.base)).await.expect(200).json()["data"]
                .as_array()
                .map(Vec::len),
            Some(1),
            "all are asked before any is called"
        );
    }
    stage.decide(&asked[2], json!({"decision": "reject", "reason": "no"}), 200).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let output = stage.run_of(&flow).await["output"][0].clone();
    let refused = output.as_array().unwrap().iter().filter(|one| one["error"].is_string()).count();
    assert_eq!(refused, 1, "{output}");
}

#[tokio::test]
async fn an_agent_that_does_something_else_when_it_is_taken_up_again_has_diverged() {
    let stage = Stage::set().await;
    stage.scripted("restless", json!({})).await;
    let started = stage.start("a", Value::Null).await;
    stage.becomes(&started.id, TaskStatus::WaitingForConfirmation).await;
    let question = stage.question().await;
    stage.decide(&question, json!({"decision": "approve"}), 200).await;
    // It goes by what it has asked before, and that is answered as it was: nothing can make it do anything else.
    stage.becomes(&started.id, TaskStatus::Completed).await;
}

#[tokio::test]
async fn a_run_whose_task_somebody_has_taken_over_is_cancelled() {
    use stepwright_engine::flow::{Command, TaskPatch};
    let stage = Stage::set().await;
    let flow = careful(&stage).await;
    let patch = TaskPatch { status: Some(TaskStatus::Skipped), ..TaskPatch::default() };
    let command = Command::PatchTask { task: flow.tasks[0].id.clone(), patch: Box::new(patch) };
    let flow = stage.host.app.flow_command(&stage.access, &flow.id, command).await.unwrap().flow;
    let question = stage.question().await;
    stage.decide(&question, json!({"decision": "approve"}), 200).await;
    eventually("the run's end", || async { (stage.run_of(&flow).await["status"] == "cancelled").then_some(()) }).await;
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}
