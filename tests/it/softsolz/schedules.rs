use super::{BASE, created, sandbox};
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};

async fn runs(client: &Client, workflow: &str) -> Vec<Value> {
    let listed = client.get(&format!("{BASE}/workflows/{workflow}/runs")).await.expect(200).json();
    listed["data"].as_array().expect("data").clone()
}

async fn wait_for_runs(client: &Client, workflow: &str, wanted: usize) -> Vec<Value> {
    eventually(&format!("{wanted} ended runs"), || async {
        let found = runs(client, workflow).await;
        let ended = found.iter().filter(|r| r["status"] == "completed").count();
        (ended >= wanted).then_some(found)
    })
    .await
}

#[tokio::test]
async fn a_scheduled_workflow_fires_by_itself_in_its_time_zone() {
    let host = TestHost::start_at("2026-03-28T22:00:00Z").await;
    let (_, client) = sandbox(&host).await;
    // London's clock jumps from 01:00 to 02:00 that night, so half past one never comes: it fires at the jump.
    let body = json!({"name": "n", "schedule": "30 1 * * *", "timezone": "Europe/London", "steps": [{"type": "mark_invoices_overdue"}]});
    let id = created(&client, &body).await;
    let shown = client.get(&format!("{BASE}/workflows/{id}")).await.expect(200).json();
    assert_eq!(shown["data"]["next_run_at"], "2026-03-29T01:00:00Z");
    host.advance_secs(3 * 3600 - 1);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(runs(&client, &id).await.is_empty());
    host.advance_secs(1);
    let fired = wait_for_runs(&client, &id, 1).await;
    assert_eq!(fired[0]["trigger"], "schedule");
    assert_eq!(fired[0]["scheduled_for"], "2026-03-29T01:00:00Z");
    let shown = client.get(&format!("{BASE}/workflows/{id}")).await.expect(200).json();
    assert_eq!(shown["data"]["next_run_at"], "2026-03-30T00:30:00Z");
    assert_eq!(shown["data"]["last_run_at"], "2026-03-29T01:00:00Z");
}

#[tokio::test]
async fn an_old_missed_tick_is_dropped_and_a_young_one_is_caught_up_once() {
    let host = TestHost::start_at("2026-06-01T00:00:30Z").await;
    let (_, client) = sandbox(&host).await;
    let body = |cron: &str| json!({"name": "n", "schedule": cron, "steps": [{"type": "mark_invoices_overdue"}]});
    let hourly = created(&client, &body("0 * * * *")).await;
    let minutely = created(&client, &body("* * * * *")).await;
    // Down for two hours and ten minutes: the hourly tick is ten minutes old, the newest minute one is young.
    host.advance_secs(2 * 3600 + 600);
    wait_for_runs(&client, &minutely, 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(runs(&client, &minutely).await.len(), 1);
    assert!(runs(&client, &hourly).await.is_empty());
    let shown = client.get(&format!("{BASE}/workflows/{hourly}")).await.expect(200).json();
    assert_eq!(shown["data"]["next_run_at"], "2026-06-01T03:00:00Z");
}

#[tokio::test]
async fn a_paused_workflow_does_not_fire_and_resuming_arms_it_again() {
    let host = TestHost::start_at("2026-06-01T00:00:30Z").await;
    let (_, client) = sandbox(&host).await;
    let body = json!({"name": "n", "schedule": "*/10 * * * *", "status": "paused", "steps": [{"type": "mark_invoices_overdue"}]});
    let id = created(&client, &body).await;
    let shown = client.get(&format!("{BASE}/workflows/{id}")).await.expect(200).json();
    assert_eq!(shown["data"]["next_run_at"], Value::Null);
    host.advance_secs(601);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(runs(&client, &id).await.is_empty());
    client.post_empty(&format!("{BASE}/workflows/{id}/resume")).await.expect(200);
    host.advance_secs(600);
    wait_for_runs(&client, &id, 1).await;
}
