//! Replay: what was journalled is what is found, down to the byte.

use super::Stage;
use crate::support::model::{Model, answers, calls, says};
use crate::support::{TestHost, host::TestClock};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::flow::TaskStatus;
use stepwright_store::StoreOptions;

/// Replays a run: whether it comes to the same, and why not.
async fn replayed(stage: &Stage, run: &str) -> (bool, String) {
    let path = format!("{}/agent-runs/{run}/replay", stage.base);
    let shown = stage.host.operator.post_empty(&path).await.expect(200).json();
    (shown["same"] == true, shown["reason"].as_str().unwrap_or_default().to_owned())
}

async fn set(database: &SqlitePool, statement: &'static str, value: &str, run: &str, key: &str) {
    let done = sqlx::query(statement).bind(value).bind(run).bind(key).execute(database).await.expect(statement);
    assert_eq!(done.rows_affected(), 1, "{statement}");
}

/// The text with one bit of one byte in its middle turned over.
fn flipped(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let middle = bytes.len() / 2;
    // The lowest bit, so that it stays ASCII.
    bytes[middle] ^= 1;
    String::from_utf8(bytes).expect("ASCII")
}

#[tokio::test]
async fn one_flipped_byte_anywhere_in_a_journal_is_detected() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("test.db").display());
    let host = TestHost::start_on(&url, &StoreOptions::default(), TestClock::at("2026-11-22T09:00:00Z")).await;
    let stage = Stage::on(Arc::new(host)).await;
    let long = "A long answer. ".repeat(40);
    let model = Model::start(Duration::ZERO, move |request| match answers(request) {
        0 => calls("entities_get", &json!({"schema": "order", "id": "o1"})),
        _ => says(&long),
    })
    .await;
    stage.host.operator.json("PATCH", &format!("{}/settings", stage.base), &model.settings()).await.expect(200);
    let grants = json!({"entities": {"read": ["order"]}});
    stage.scripted("chat", json!({"config": {"say": "Go."}, "grants": grants})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let shown = stage.run_of(&flow).await;
    let run = shown["id"].as_str().unwrap();
    let asked = model.requests().len();

    let database = SqlitePool::connect(&url).await.unwrap();
    let rows: Vec<(i64, String, String, String)> =
        sqlx::query_as("SELECT seq, body, request, hash FROM agent_journal WHERE run_id = $1 ORDER BY seq")
            .bind(run)
            .fetch_all(&database)
            .await
            .unwrap();
    assert_eq!(rows.len(), 7, "the catalog, and three calls with an intent each");
    for (seq, body, request, hash) in &rows {
        let key = seq.to_string();
        for (column, value) in [("body", body), ("request", request), ("hash", hash)] {
            let statement = match column {
                "body" => "UPDATE agent_journal SET body = $1 WHERE run_id = $2 AND seq = CAST($3 AS INTEGER)",
                "request" => "UPDATE agent_journal SET request = $1 WHERE run_id = $2 AND seq = CAST($3 AS INTEGER)",
                _ => "UPDATE agent_journal SET hash = $1 WHERE run_id = $2 AND seq = CAST($3 AS INTEGER)",
            };
            let wrong = if column == "body" { flipped(value) } else { flipped_digit(value) };
            set(&database, statement, &wrong, run, &key).await;
            let (same, reason) = replayed(&stage, run).await;
            assert!(!same && reason.contains("not what was written"), "row {seq}, {column}: {same} {reason}");
            let journal = stage.journal(&shown).await;
            assert_eq!(journal["intact"], false, "row {seq}, {column}");
            set(&database, statement, value, run, &key).await;
        }
    }
    let texts: Vec<(String, String)> = sqlx::query_as("SELECT hash, content FROM agent_blobs WHERE run_id = $1")
        .bind(run)
        .fetch_all(&database)
        .await
        .unwrap();
    assert!(!texts.is_empty(), "the long answer stands by itself");
    for (hash, content) in &texts {
        let statement = "UPDATE agent_blobs SET content = $1 WHERE run_id = $2 AND hash = $3";
        set(&database, statement, &flipped(content), run, hash).await;
        let (same, reason) = replayed(&stage, run).await;
        assert!(!same && reason.contains("not what was written"), "{same} {reason}");
        assert_eq!(stage.journal(&shown).await["intact"], false);
        set(&database, statement, content, run, hash).await;
    }
    // All is as it was.
    assert_eq!(replayed(&stage, run).await, (true, String::new()));
    assert_eq!(model.requests().len(), asked, "nobody was asked for any of it");
}

/// Another hex digit in the middle.
fn flipped_digit(hex: &str) -> String {
    let middle = hex.len() / 2;
    let digit = if hex.as_bytes()[middle] == b'0' { "1" } else { "0" };
    format!("{}{digit}{}", &hex[..middle], &hex[middle + 1..])
}

#[tokio::test]
async fn a_run_that_its_budget_has_stopped_is_stopped_there_again() {
    let stage = Stage::set().await;
    let acts = json!({"acts": [{"do": "note", "kind": "a"}, {"do": "note", "kind": "b"}, {"do": "note", "kind": "c"}]});
    stage.scripted("script", json!({"config": acts, "budget": {"bytes": 600}})).await;
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Failed).await;
    let run = stage.run_of(&flow).await;
    assert_eq!(run["error"]["info"]["dimension"], "bytes", "{run}");
}

#[tokio::test]
async fn a_replay_has_the_limits_that_the_tenant_has_set_for_the_plugin() {
    let stage = Stage::set().await;
    // More host calls than anybody has who sets nothing.
    stage.scripted("script", json!({"config": {"acts": vec![json!({"do": "now"}); 2_500]}})).await;
    let listed = stage.host.operator.get(&format!("{}/plugins", stage.base)).await.expect(200).json();
    let plugin = listed["data"].as_array().unwrap().iter().find(|p| p["name"] == "agent-guest").expect("the plugin");
    let path = format!("{}/plugins/agent-guest/{}/enable", stage.base, plugin["version"].as_str().unwrap());
    stage.host.operator.post(&path, &json!({"limits": {"host_calls": 4_000}})).await.expect(200);
    let started = stage.start("a", Value::Null).await;
    let flow = stage.becomes(&started.id, TaskStatus::Completed).await;
    let shown = stage.run_of(&flow).await;
    assert_eq!(replayed(&stage, shown["id"].as_str().unwrap()).await, (true, String::new()));
}
