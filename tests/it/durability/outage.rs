//! The database is gone or full: callers are told so, nothing is half-done, and everything goes on afterwards.

use crate::softsolz::{BASE, SCOPES, created, ended, manual, run};
use crate::support::host::TestClock;
use crate::support::postgres::Scratch;
use crate::support::{TestHost, data, eventually};
use serde_json::json;
use std::time::Duration;
use stepwright_store::StoreOptions;

const NOW: &str = "2026-11-22T09:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_host_answers_503_and_recovers_by_itself() {
    let Some(scratch) = Scratch::create().await else { return };
    let hasty = StoreOptions { wait: Duration::from_millis(500), ..StoreOptions::default() };
    let host = TestHost::start_on(&scratch.url, &hasty, TestClock::at(NOW)).await;
    let tenant = host.tenant().await;
    data::business(&host.operator, &tenant.test_base).await;
    let client = host.client(&tenant, "softsolz", SCOPES, "test").await;
    let body = manual(json!([{"type": "mark_invoices_overdue"}]));
    let workflow = created(&client, &body).await;

    scratch.close_down().await;
    let refused = client.post(&format!("{BASE}/workflows"), &body).await.expect(503);
    assert_eq!(refused.json()["error"]["code"], "service_unavailable", "{}", refused.text);
    client.post_empty(&format!("{BASE}/workflows/{workflow}/run")).await.expect(503);
    let refused = host.operator.get(&format!("{}/executions", tenant.test_base)).await.expect(503);
    assert_eq!(refused.json()["status"], 503);
    host.operator.without_key().get("/readyz").await.expect(503);
    host.operator.without_key().get("/healthz").await.expect(200);

    scratch.open_up().await;
    eventually("readiness", || async {
        (host.operator.without_key().get("/readyz").await.status == 200).then_some(())
    })
    .await;
    // Nothing of what was refused has been done.
    let workflows = client.get(&format!("{BASE}/workflows")).await.expect(200).json();
    assert_eq!(workflows["data"].as_array().unwrap().len(), 1, "{workflows}");
    assert_eq!(client.get(&format!("{BASE}/runs")).await.expect(200).json()["data"], json!([]));
    let shown = ended(&client, &run(&client, &workflow).await).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    drop(host);
    scratch.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_503_and_what_is_there_can_still_be_read() {
    let narrow = StoreOptions { sqlite_max_bytes: Some(3 << 20), ..StoreOptions::default() };
    let host = TestHost::start_on_sqlite(NOW, &narrow).await;
    let tenant = host.tenant().await;
    let entity = |n: usize| format!("{}/entities/blob/b-{n}", tenant.base);
    let body = json!({"attributes": {"text": "x".repeat(200_000)}});
    let mut full = None;
    for n in 0..30 {
        let answer = host.operator.json("PUT", &entity(n), &body).await;
        if answer.status == 503 {
            full = Some(n);
            break;
        }
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let full = full.expect("a full disk");
    host.operator.get(&entity(full)).await.expect(404);
    host.operator.get(&entity(0)).await.expect(200);
    for n in 0..full {
        host.operator.delete(&entity(n)).await.expect(204);
    }
    host.operator.json("PUT", &entity(full), &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_on_one_database_fire_each_tick_once() {
    let Some(scratch) = Scratch::create().await else { return };
    let clock = TestClock::at("2026-11-22T08:59:30Z");
    let options = StoreOptions::default();
    let one = TestHost::start_on(&scratch.url, &options, clock.clone()).await;
    let other = TestHost::start_on(&scratch.url, &options, clock).await;
    let tenant = one.tenant().await;
    let client = one.client(&tenant, "softsolz", SCOPES, "test").await;
    let body = json!({"name": "n", "schedule": "* * * * *", "steps": [{"type": "mark_invoices_overdue"}]});
    let mut workflows = Vec::new();
    for _ in 0..10 {
        workflows.push(created(&client, &body).await);
    }
    // Made on one host, the key works on the other.
    let elsewhere = other.operator.with_key(client.key().unwrap());
    for minute in 1..=3 {
        one.advance_secs(60);
        for workflow in &workflows {
            let path = format!("{BASE}/workflows/{workflow}/runs");
            let runs = eventually("the tick's run", || async {
                let runs = elsewhere.get(&path).await.expect(200).json()["data"].as_array().unwrap().clone();
                let done = runs.iter().filter(|r| r["status"] == "completed").count();
                (done >= minute).then_some(runs)
            })
            .await;
            assert_eq!(runs.len(), minute, "{runs:?}");
        }
    }
    drop((one, other));
    scratch.drop_it().await;
}
