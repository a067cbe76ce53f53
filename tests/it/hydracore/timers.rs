use super::{Bed, actions};
use crate::support::{TestHost, eventually};
use serde_json::{Value, json};

async fn becomes(bed: &Bed, path: &str, status: &str) -> Value {
    eventually(status, || async {
        let shown = bed.shown(path).await;
        (shown["status"] == status).then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_workflow_expires_whatever_its_status_unless_it_has_ended() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let mut paths = Vec::new();
    for status in ["active", "awaiting_approval", "paused", "suspended"] {
        let (path, _) = bed.open(json!({"expires_at": "2026-11-22T10:00:00Z"})).await;
        bed.advance(&path, json!({"action": "x", "status": status})).await;
        paths.push(path);
    }
    let (ended, _) = bed.open(json!({"expires_at": "2026-11-22T10:00:00Z"})).await;
    bed.advance(&ended, json!({"action": "x", "status": "failed"})).await;
    let (later, _) = bed.open(json!({"expires_at": "2026-11-22T10:00:00Z"})).await;
    bed.advance(&later, json!({"action": "x", "expires_at": "2026-11-22T12:00:00Z"})).await;
    let (never, _) = bed.open(json!({"expires_at": "2026-11-22T10:00:00Z"})).await;
    bed.advance(&never, json!({"action": "x", "expires_at": null})).await;
    host.advance_secs(3_600);
    for path in &paths {
        let shown = becomes(&bed, path, "expired").await;
        let last = shown["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["action"], &last["actor"]), (&json!("expired"), &json!("system")));
        assert_eq!(shown["completed_at"], "2026-11-22T10:00:00Z");
    }
    for (path, status) in [(&ended, "failed"), (&later, "active"), (&never, "active")] {
        assert_eq!(bed.shown(path).await["status"], status);
    }
    host.advance_secs(7_200);
    becomes(&bed, &later, "expired").await;
    assert_eq!(bed.shown(&never).await["status"], "active");
    let refused = bed.agent.json("PATCH", &later, &json!({"action": "x"})).await.expect(409).json();
    assert_eq!(refused["detail"], "Workflow is expired: only allowed for non-terminal statuses");
}

#[tokio::test]
async fn a_next_action_that_is_due_changes_nothing() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, id) = bed.open(json!({"next_action_at": "2026-11-22T09:30:00Z"})).await;
    let before = bed.shown(&path).await;
    host.advance_secs(3_600);
    let history = format!("{}/executions/{id}/history", bed.tenant.base);
    eventually("the event", || async {
        let lines = host.operator.get(&history).await.expect(200).json();
        lines["data"].as_array().unwrap().iter().any(|h| h["kind"] == "record.next_action_due").then_some(())
    })
    .await;
    assert_eq!(bed.shown(&path).await, before);
    let after = bed.advance(&path, json!({"action": "go"})).await;
    assert_eq!(actions(&after), ["created", "go"]);
}

#[tokio::test]
async fn an_expiry_that_falls_due_while_the_host_is_down_happens_when_it_is_up_again() {
    use crate::support::host::TestClock;
    use stepwright_store::StoreOptions;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("test.db").display());
    let clock = TestClock::at("2026-11-22T09:00:00Z");
    let host = TestHost::start_on(&url, &StoreOptions::default(), std::sync::Arc::clone(&clock)).await;
    let bed = Bed::new(&host).await;
    let (path, _) = bed.open(json!({"expires_at": "2026-11-22T10:00:00Z"})).await;
    drop(host);
    let host = TestHost::start_on(&url, &StoreOptions::default(), clock).await;
    host.advance_secs(7_200);
    let agent = host.operator.with_key(bed.agent.key().unwrap());
    eventually("the expiry", || async {
        (agent.get(&path).await.expect(200).json()["status"] == "expired").then_some(())
    })
    .await;
}
