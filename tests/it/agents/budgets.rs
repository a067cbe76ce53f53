//! Budgets under attack: many runs at once, none of which stops for being refused.

use super::Stage;
use crate::epilot::{GRANTS, template};
use crate::support::model::{Model, says};
use crate::support::{TestHost, host::TestClock};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::AppError;
use stepwright_app::usecases::StartFlowArgs;
use stepwright_engine::DefinitionId;
use stepwright_engine::flow::{Context, TaskStatus};
use stepwright_store::StoreOptions;

/// A template whose only task is the agent `id`'s.
async fn only_agent(stage: &Stage, id: &str) -> DefinitionId {
    let client = stage.host.client(&stage.tenant, "epilot", GRANTS, "test").await;
    let task = json!({"id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": {"agent_id": id}});
    let made = template(&client, &json!({"name": "Only an agent", "tasks": [task], "edges": []})).await;
    stage.host.app.template(&stage.access, made["id"].as_str().expect("id")).await.expect("a template").definition.id
}

async fn start(stage: &Stage, template: DefinitionId) {
    let about = Context { is_primary: true, ..Context::new("order", "o1") };
    loop {
        match stage.host.app.start_flow(&stage.access, StartFlowArgs::new(template, vec![about.clone()])).await {
            Ok(_) => return,
            // All connections are taken; a client would come back, too.
            Err(AppError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("no flow: {error}"),
        }
    }
}

/// One row of the database.
async fn row<T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin>(
    database: &sqlx::SqlitePool,
    query: &'static str,
) -> T {
    sqlx::query_as(query).fetch_one(database).await.expect(query)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_hostile_runs_overdraw_nothing() {
    storm(1_000).await;
}

/// Longer than the runner lets a test take: `cargo test --release --workspace --test integration ten_thousand --
/// --ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn ten_thousand_hostile_runs_overdraw_nothing() {
    storm(10_000).await;
}

/// So many runs against what a day may use, all of which is reached long before the last of them: there is something of
/// it for less than a third.
async fn storm(runs: usize) {
    let share = |of_ten_thousand: usize| of_ten_thousand * runs / 10_000;
    let most = (share(3_000), share(4_000), share(3_000_000), share(60_000), share(2_500_000));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("test.db");
    let url = format!("sqlite://{}", file.display());
    let clock = TestClock::at("2026-11-22T09:00:00Z");
    let host = TestHost::start_on(&url, &StoreOptions::default(), clock).await;
    let stage = Stage::on(Arc::new(host)).await;
    let model = Model::start(Duration::ZERO, |request| says(&"so ".repeat(request.to_string().len() % 90))).await;
    let mut settings = model.settings();
    settings["agents_per_day"] = json!({"llm_calls": most.0, "tool_calls": most.1, "input_tokens": most.2, "output_tokens": most.3, "cost_micros": most.4});
    stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &settings).await.expect(200);
    let grants = json!({"entities": {"write": ["made"]}});
    // Of which each run wants more, too.
    let budget = json!({"llm_calls": 3, "tool_calls": 4, "bytes": 40_000});
    stage.scripted("hostile", json!({"config": {"steps": 6}, "grants": grants, "budget": budget})).await;
    let template = only_agent(&stage, "a").await;
    for _ in 0..runs {
        start(&stage, template).await;
    }
    let database = sqlx::SqlitePool::connect(&url).await.unwrap();
    let began = std::time::Instant::now();
    loop {
        let query = "SELECT COUNT(*), COALESCE(SUM(json_extract(doc, '$.status') IN ('running', 'waiting')), 0) FROM agent_runs";
        let (begun, open): (i64, i64) = row(&database, query).await;
        if (begun, open) == (runs as i64, 0) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(1_800), "{open} of {begun} runs have not ended");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    // What the outside has seen.
    let requests = model.requests();
    let billed = model.billed();
    assert!(requests.len() <= most.0, "{} calls of the model", requests.len());
    let (made,): (i64,) =
        row(&database, "SELECT COALESCE(SUM(version), 0) FROM entities WHERE schema_name = 'made'").await;
    assert!(made <= most.1 as i64, "{made} calls of tools");
    // What is booked for the day, and that it is what was used: nothing is held any more.
    type Booked = (i64, i64, i64, i64, i64, i64, i64);
    let day: Booked = row(
        &database,
        "SELECT llm_calls, tool_calls, input_tokens, output_tokens, cost_micros, wall_ms, fuel
         FROM agent_budgets WHERE level = 'day'",
    )
    .await;
    let (llm, tools, tokens_in, tokens_out, cost, wall, fuel) = day;
    eprintln!(
        "{runs} runs: {llm} calls of the model, {tools} of tools, {tokens_in} + {tokens_out} tokens, {cost} millionths"
    );
    assert!(
        llm <= most.0 as i64
            && tools <= most.1 as i64
            && tokens_in <= most.2 as i64
            && tokens_out <= most.3 as i64
            && cost <= most.4 as i64,
        "{day:?}"
    );
    assert_eq!(
        (llm, tokens_in, tokens_out),
        (requests.len() as i64, billed.0, billed.1),
        "what is booked is what was billed"
    );
    // A call whose result found no room in its run's journal was announced, and left nothing.
    assert!(made <= tools, "{made} of {tools}");
    // What is left is less than the next call would have held.
    let near = |limit: usize| (limit * 8 / 10) as i64;
    assert!(
        llm > near(most.0) || cost > near(most.4) || tokens_out > near(most.3),
        "the limit was not reached: {day:?}"
    );
    assert!(tools > near(most.1), "the limit was not reached: {day:?}");
    let sums: (i64, i64) =
        row(&database, "SELECT SUM(wall_ms), SUM(fuel) FROM agent_budgets WHERE level = 'run'").await;
    assert_eq!(sums, (wall, fuel), "what runs have used is what the day has");
    let most: (i64, i64, i64) =
        row(&database, "SELECT MAX(llm_calls), MAX(tool_calls), MAX(bytes) FROM agent_budgets WHERE level = 'run'")
            .await;
    assert!(most.0 <= 3 && most.1 <= 4 && most.2 <= 40_000, "{most:?}");
}

/// What the runs of a day may use together is held before it is used: of many at once, only as many go on as fit.
#[tokio::test]
async fn time_and_fuel_of_a_day_are_held_before_they_are_used() {
    let stage = Stage::set().await;
    stage.scripted("script", json!({"config": {"acts": [{"do": "now"}]}, "budget": {"wall_ms": 10_000}})).await;
    let template = only_agent(&stage, "a").await;
    let path = format!("{}/settings", stage.base);
    // One run at a time holds all of it, and gives it back.
    let settings = json!({"agents_per_day": {"wall_ms": 10_000, "fuel": 100_000_000_000_u64}});
    stage.host.operator.json("PATCH", &path, &settings).await.expect(200);
    for _ in 0..8 {
        start(&stage, template).await;
    }
    let runs = ended(&stage, 8).await;
    assert!(runs.iter().all(|run| run["status"] == "completed"), "{runs:?}");
    // What is used up stays used up.
    let settings = json!({"agents_per_day": {"wall_ms": 10_000, "fuel": 1}});
    stage.host.operator.json("PATCH", &path, &settings).await.expect(200);
    start(&stage, template).await;
    let runs = ended(&stage, 9).await;
    assert_eq!(runs[0]["status"], "failed", "{}", runs[0]);
    let detail =
        stage.host.operator.get(&format!("{}/agent-runs/{}", stage.base, runs[0]["id"].as_str().unwrap())).await;
    assert_eq!(detail.expect(200).json()["error"]["info"]["dimension"], "fuel");
}

/// All runs, newest first, once there are so many and all have ended.
async fn ended(stage: &Stage, count: usize) -> Vec<Value> {
    crate::support::eventually("the runs' end", || async {
        let listed = stage.host.operator.get(&format!("{}/agent-runs?limit=200", stage.base)).await.expect(200).json();
        let runs = listed["data"].as_array().unwrap().clone();
        let open = |run: &Value| run["status"] == "running" || run["status"] == "waiting_approval";
        (runs.len() == count && !runs.iter().any(open)).then_some(runs)
    })
    .await
}

#[tokio::test]
async fn what_a_provider_bills_beyond_what_was_reserved_is_booked_and_ends_the_run() {
    let stage = Stage::set().await;
    let model = Model::start(Duration::ZERO, |_| says("Yes.")).await;
    model.bill(5, 900_000);
    stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &model.settings()).await.expect(200);
    let budget = json!({"output_tokens": 10_000});
    stage.scripted("chat", json!({"config": {"say": "Go."}, "budget": budget})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let run = stage.run_of(&flow).await;
    let info = &run["error"]["info"];
    assert_eq!((&info["reason"], &info["dimension"]), (&json!("BUDGET_EXHAUSTED"), &json!("output_tokens")), "{run}");
    assert_eq!((&info["billed"], &info["reserved"]), (&json!(900_000), &json!(4_096)), "{run}");
    assert_eq!(run["spent"]["output_tokens"], 900_000, "it is owed, whatever the budget says");
    assert_eq!(model.requests().len(), 1);
    // Whoever looks at it again comes to the same.
    let replay = format!("{}/agent-runs/{}/replay", stage.base, run["id"].as_str().unwrap());
    let replayed = stage.host.operator.post_empty(&replay).await.expect(200).json();
    assert_eq!(replayed["same"], true, "{replayed}");
}
