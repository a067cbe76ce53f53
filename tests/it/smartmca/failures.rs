//! Retries, and each of the three ways to go on when they are used up. Time is simulated.

use super::{ended, made, member, native, node, on_deals, shown, triggered, until, with};
use crate::support::TestHost;
use serde_json::{Value, json};

/// Three nodes, the second of which fails; whether with a fault that may pass.
fn failing(name: &str, on_failure: &str, may_pass: bool, retries: u32) -> Value {
    let breaks = match may_pass {
        true => node("breaks", "flaky", &json!({"failures": 99})),
        false => super::fails("breaks"),
    };
    let nodes = [node("first", "nothing", &json!({})), breaks, node("last", "nothing", &json!({}))];
    with(on_deals(name, &nodes), json!({"on_failure": on_failure, "max_retries": retries}))
}

fn statuses(shown: &Value) -> Vec<&str> {
    shown["nodes"].as_array().unwrap().iter().map(|n| n["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_fault_that_may_pass_is_retried_with_growing_waits_until_it_has_passed() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let flaky = with(on_deals("Flaky", &[node("n", "flaky", &json!({"failures": 2}))]), json!({"max_retries": 3}));
    let (_, id) = made(&host, &tenant, &client, &flaky).await;
    let execution = triggered(&client, &id).await;
    let attempt = async |number: u64| {
        until(&client, &execution, "the attempt's failure", |e| {
            e["nodes"][0]["attempts"] == number && e["nodes"][0]["error"].is_object()
        })
        .await
    };
    let failed = attempt(1).await;
    assert_eq!((&failed["status"], statuses(&failed)), (&json!("running"), vec!["running"]));
    assert_eq!(failed["nodes"][0]["error"], json!({"code": "FLAKY", "message": "attempt 1"}));
    // Within a second, but not before half of it.
    host.advance_secs(1);
    let failed = attempt(2).await;
    assert_eq!(failed["nodes"][0]["error"]["message"], "attempt 2");
    host.advance_secs(2);
    let done = ended(&client, &execution).await;
    assert_eq!((&done["status"], &done["hasErrors"]), (&json!("completed"), &json!(false)), "{done}");
    let node = &done["nodes"][0];
    assert_eq!((&node["attempts"], &node["error"], &node["result"]["attempt"]), (&json!(3), &Value::Null, &json!(3)));
    // What failed attempts had staged was dropped.
    assert_eq!(node["result"]["staged"], 1);
    assert_eq!(
        (&node["startedAt"], &node["completedAt"]),
        (&json!("2026-11-22T09:00:00.000Z"), &json!("2026-11-22T09:00:03.000Z"))
    );
}

#[tokio::test]
async fn retries_end_after_their_number_and_other_faults_are_not_retried() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &failing("Ends", "stop", true, 2)).await;
    let execution = triggered(&client, &id).await;
    for (number, wait) in [(1, 1), (2, 2)] {
        until(&client, &execution, "an attempt", |e| {
            e["nodes"][1]["attempts"] == number && e["nodes"][1]["error"].is_object()
        })
        .await;
        host.advance_secs(wait);
    }
    let done = ended(&client, &execution).await;
    assert_eq!((&done["status"], &done["nodes"][1]["attempts"]), (&json!("failed"), &json!(3)), "{done}");
    let (_, id) = made(&host, &tenant, &client, &failing("At once", "stop", false, 10)).await;
    let done = ended(&client, &triggered(&client, &id).await).await;
    assert_eq!((&done["status"], &done["nodes"][1]["attempts"]), (&json!("failed"), &json!(1)), "{done}");
}

#[tokio::test]
async fn stop_fails_the_execution_and_skips_the_rest() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &failing("Stops", "stop", false, 0)).await;
    let done = ended(&client, &triggered(&client, &id).await).await;
    assert_eq!((done["status"].as_str(), statuses(&done)), (Some("failed"), vec!["completed", "failed", "skipped"]));
    assert_eq!((&done["error"]["nodeId"], &done["error"]["code"]), (&json!("breaks"), &json!("NOT_FOUND")));
    let (error, told) = (&done["nodes"][1]["error"], &done["error"]["message"]);
    assert_eq!((&error["code"], &error["message"]), (&json!("NOT_FOUND"), told));
    assert!(told.is_string());
    assert!(done["completedAt"].is_string() && done["isPaused"] == false && done["hasErrors"] == true);
}

#[tokio::test]
async fn continue_goes_on_and_says_that_there_were_errors() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, id) = made(&host, &tenant, &client, &failing("Goes on", "continue", false, 0)).await;
    let done = ended(&client, &triggered(&client, &id).await).await;
    assert_eq!(
        (done["status"].as_str(), statuses(&done)),
        (Some("completed"), vec!["completed", "failed", "completed"])
    );
    assert_eq!((&done["hasErrors"], &done["error"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn pause_stands_at_the_node_as_running_until_it_is_resumed_or_cancelled() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (platform, id) = made(&host, &tenant, &client, &failing("Pauses", "pause", false, 0)).await;
    let execution = triggered(&client, &id).await;
    let paused = until(&client, &execution, "the pause", |e| e["isPaused"] == true).await;
    assert_eq!(
        (paused["status"].as_str(), statuses(&paused)),
        (Some("running"), vec!["completed", "failed", "pending"])
    );
    assert_eq!((&paused["pausedNodeId"], &paused["completedAt"]), (&json!("breaks"), &Value::Null));
    assert_eq!(paused["error"]["nodeId"], "breaks");
    // The closed list of statuses has no word of its own for it.
    let listed = client.get(&format!("{}/workflows/executions?status=running", super::BASE)).await.expect(200).json();
    assert_eq!((&listed["total"], &listed["data"][0]["id"]), (&json!(1), &json!(execution)));
    let path = native(&host, &tenant, &platform).await;
    host.operator.post(&format!("{path}/resume"), &json!({})).await.expect(200);
    let again = until(&client, &execution, "the second pause", |e| e["isPaused"] == true).await;
    assert_eq!(again["nodes"][1]["attempts"], 1);
    host.operator.post(&format!("{path}/cancel"), &json!({"reason": "given up"})).await.expect(200);
    let over = shown(&client, &execution).await;
    assert_eq!((over["status"].as_str(), statuses(&over)), (Some("cancelled"), vec!["completed", "failed", "skipped"]));
    assert_eq!((&over["isPaused"], &over["pausedNodeId"]), (&json!(false), &Value::Null));
}
