use super::Stage;
use crate::support::model::{Model, answers, calls, says};
use serde_json::{Value, json};
use std::time::Duration;
use stepwright_engine::flow::TaskStatus;

/// A stage whose tenant has a model.
async fn with_model(script: impl Fn(&Value) -> Value + Send + Sync + 'static) -> (Stage, Model) {
    let stage = Stage::set().await;
    let model = Model::start(Duration::ZERO, script).await;
    let path = format!("{}/settings", stage.base);
    stage.host.operator.json("PATCH", &path, &model.settings()).await.expect(200);
    (stage, model)
}

fn get() -> Value {
    calls("entities_get", &json!({"schema": "order", "id": "o1"}))
}

#[tokio::test]
async fn the_assistant_works_with_the_tenants_model_and_tools() {
    let (stage, model) = with_model(|request| match answers(request) {
        0 => get(),
        _ => says("There are three."),
    })
    .await;
    let config = json!({"prompt": "How many?"});
    let grants = json!({"entities": {"read": ["order"]}, "models": ["fast"]});
    stage.agent(json!({"id": "helper", "name": "H", "agent": "assistant", "config": config, "grants": grants})).await;
    let started = stage.start("helper", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!((&run["outcome"], &run["response"]), (&json!("answered"), &json!("There are three.")));

    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["model"], "m-1");
    let tools: Vec<&Value> = requests[0]["tools"].as_array().unwrap().iter().map(|t| &t["function"]["name"]).collect();
    assert_eq!(tools, [&json!("entities_get"), &json!("entities_list")]);
    let told = requests[1]["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    assert!(told.contains("\"amount\":3"), "{told}");
    // What is spent is what the provider says, not what was reserved.
    let billed: u64 = requests.iter().map(|request| (request.to_string().len() / 4) as u64).sum();
    let spent = &run["spent"];
    assert_eq!((&spent["llm_calls"], &spent["tool_calls"]), (&json!(2), &json!(1)));
    assert_eq!(spent["input_tokens"].as_u64(), Some(billed));
    assert_eq!(spent["cost_micros"].as_u64(), Some(billed + spent["output_tokens"].as_u64().unwrap()));
    assert!(stage.journal(&run).await["intact"].as_bool().unwrap());
}

#[tokio::test]
async fn what_passes_is_sat_out_and_the_agent_never_sees_it() {
    let (stage, model) = with_model(|_| says("Yes.")).await;
    model.fail_next(&[429, 503]);
    stage.scripted("chat", json!({"config": {"say": "Well?"}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!((&run["output"]["turns"], model.requests().len()), (&json!(1), 3));
    let journal = stage.journal(&run).await;
    let llm: Vec<&Value> =
        journal["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "llm").collect();
    assert_eq!(llm.len(), 2, "one intent, one result");
    assert_eq!(llm[1]["body"]["answer"]["attempts"], 3);
    assert_eq!(run["spent"]["llm_calls"], 1);
}

#[tokio::test]
async fn a_provider_that_refuses_fails_the_run_with_its_code() {
    let (stage, model) = with_model(|_| says("Yes.")).await;
    model.fail_next(&[401]);
    stage.scripted("chat", json!({"config": {"say": "Well?"}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!(
        (&run["error"]["code"], &run["error"]["info"]["reason"]),
        (&json!("LLM_ERROR"), &json!("PROVIDER_FAILED"))
    );
    assert!(run["error"]["reason"].as_str().unwrap().contains("HTTP_401"), "{run}");
    // What was reserved was given back, but for the call.
    assert_eq!((&run["spent"]["output_tokens"], &run["spent"]["llm_calls"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_model_that_never_ends_is_ended_by_the_budget() {
    let (stage, model) = with_model(|request| {
        calls("entities_get", &json!({"schema": "order", "id": format!("n{}", answers(request))}))
    })
    .await;
    let grants = json!({"entities": {"read": ["order"]}});
    let more = json!({"config": {"say": "Look."}, "grants": grants, "budget": {"llm_calls": 4}});
    stage.scripted("chat", more).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!(run["error"]["info"], json!({"reason": "BUDGET_EXHAUSTED", "dimension": "llm_calls"}));
    assert_eq!((model.requests().len(), &run["spent"]["llm_calls"]), (4, &json!(4)));
}

#[tokio::test]
async fn an_answer_may_be_no_longer_than_what_is_left() {
    let (stage, model) = with_model(|_| says("Yes.")).await;
    stage.scripted("chat", json!({"config": {"say": "Well?"}, "budget": {"output_tokens": 37}})).await;
    let started = stage.start("a", Value::Null).await;
    stage.becomes(&started.id, TaskStatus::Completed).await;
    assert_eq!(model.requests()[0]["max_tokens"], 37);
}

#[tokio::test]
async fn a_tenants_day_and_a_flow_have_budgets_of_their_own() {
    let (stage, model) = with_model(|_| says("Yes.")).await;
    let patch = json!({"agents_per_day": {"llm_calls": 2}});
    stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &patch).await.expect(200);
    stage.scripted("chat", json!({"config": {"say": "Well?"}})).await;
    for expected in [TaskStatus::Completed, TaskStatus::Completed, TaskStatus::Failed] {
        let started = stage.start("a", Value::Null).await;
        stage.becomes(&started.id, expected).await;
    }
    assert_eq!(model.requests().len(), 2);
    // Another day.
    stage.host.advance_secs(24 * 3_600);
    let started = stage.start("a", Value::Null).await;
    stage.becomes(&started.id, TaskStatus::Completed).await;
}

#[tokio::test]
async fn a_journal_grows_with_what_is_new_and_not_with_what_was_said_before() {
    // Every answer of the tool is 5 KB of something new.
    let (stage, model) = with_model(|request| match answers(request) {
        n if n < 40 => calls("entities_get", &json!({"schema": "page", "id": format!("p{n}")})),
        _ => says("That is all."),
    })
    .await;
    for n in 0..40 {
        stage.entity("page", &format!("p{n}"), json!({"text": format!("{n:04}").repeat(1_250)})).await;
    }
    let budget = json!({"llm_calls": 100, "wall_ms": 300_000, "input_tokens": 100_000_000});
    let more = json!({"config": {"say": "Read."}, "grants": {"entities": {"read": ["page"]}}, "budget": budget});
    stage.scripted("chat", more).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!(model.requests().len(), 41);
    let journal = stage.journal(&run).await;
    let texts: usize = journal["texts"].as_object().unwrap().values().map(|text| text.as_str().unwrap().len()).sum();
    let rows: usize = journal["entries"].as_array().unwrap().iter().map(|entry| entry["body"].to_string().len()).sum();
    let sent: usize = model.requests().iter().map(|request| request.to_string().len()).sum();
    println!("journal of 41 model calls: {rows} bytes of rows, {texts} bytes of texts; sent {sent} bytes");
    // Each answer stands there once, as the tool's result and as the model's message in one.
    assert!(texts < 41 * 5_600, "{texts}");
    assert!(rows < 81 * 1_000, "{rows}");
    assert!(sent > 10 * (rows + texts), "the conversation itself is quadratic: {sent}");
}
