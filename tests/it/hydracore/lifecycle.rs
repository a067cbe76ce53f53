use super::{Bed, CUSTOMER, actions};
use crate::support::TestHost;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_new_workflow_has_every_member_and_stands_at_its_beginning() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let body = json!({"customer_id": CUSTOMER, "workflow_type": "rent_arrears", "title": "Flat 3", "reference": "R-1",
        "stage": "notice", "assigned_to": "ada", "workflow_state": {"owed": 120.5}, "instance_id": bed.instance,
        "expires_at": "2026-11-23T10:00:00.25+01:00", "next_action_at": "2026-11-22T10:00:00", "unknown": 1});
    let made = bed.agent.post(&bed.workflows(), &body).await.expect(201).json();
    let now = "2026-11-22T09:00:00Z";
    let created = json!({"at": now, "action": "created", "actor": "agent", "detail": null, "from_status": null,
        "to_status": "active", "from_stage": null, "to_stage": "notice"});
    let expected = json!({
        "approver_id": null, "assigned_to": "ada", "completed_at": null, "created_at": now, "customer_id": CUSTOMER,
        "escalation_level": 0, "expires_at": "2026-11-23T09:00:00Z", "history": [created], "id": made["id"],
        "instance_id": bed.instance, "last_action_at": null, "next_action_at": "2026-11-22T10:00:00Z",
        "reference": "R-1", "stage": "notice", "status": "active",
        "tenant_id": bed.tenant.base.rsplit('/').next().unwrap(), "title": "Flat 3", "updated_at": now,
        "workflow_state": {"owed": 120.5}, "workflow_type": "rent_arrears",
    });
    assert_eq!(made, expected);
    assert_eq!(made.as_object().unwrap().len(), 20);
    let (path, _) = bed.open(json!({})).await;
    let least = bed.shown(&path).await;
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(members(&least), members(&made));
    assert_eq!(least["workflow_state"], json!({}));
}

#[tokio::test]
async fn every_action_stands_in_the_history_with_what_it_changed() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, id) = bed.open(json!({"stage": "new", "workflow_state": {"a": 1, "b": {"x": 1}}})).await;
    host.advance_secs(60);
    let approver = "1b287364-14ff-4b72-8953-b40399093a6f";
    let moved = bed
        .advance(&path, json!({"action": "escalated", "actor": "bot", "action_detail": {"why": ["late"]}, "stage": "tier2",
            "status": "awaiting_approval", "escalation_level": 2, "approver_id": approver, "workflow_state": {"b": {"y": 2}, "c": null}}))
        .await;
    assert_eq!(moved["workflow_state"], json!({"a": 1, "b": {"y": 2}, "c": null}));
    assert_eq!((&moved["escalation_level"], &moved["approver_id"]), (&json!(2), &json!(approver)));
    let now = json!("2026-11-22T09:01:00Z");
    assert_eq!((&moved["updated_at"], &moved["last_action_at"]), (&now, &now));
    let expected = json!({"at": now, "action": "escalated", "actor": "bot", "detail": {"why": ["late"]},
        "from_status": "active", "to_status": "awaiting_approval", "from_stage": "new", "to_stage": "tier2"});
    assert_eq!(moved["history"][1], expected);

    let suspend = json!({"step": "sign", "payload": {"a": 2, "d": 1}});
    let answer = bed.agent.post(&format!("{path}/suspend"), &suspend).await.expect(200).json();
    assert_eq!(answer, json!({"id": id, "message": "Workflow suspended at step 'sign'", "status": "suspended"}));
    let again = bed.agent.post(&format!("{path}/suspend"), &suspend).await.expect(409).json();
    assert_eq!(again, json!({"detail": "Workflow is already suspended"}));
    let refused = bed.agent.json("PATCH", &path, &json!({"action": "x", "status": "active"})).await.expect(409).json();
    assert_eq!(refused, json!({"detail": "Workflow is suspended: use resume to continue it"}));
    bed.admin.post(&format!("/v1/workflows/{id}/resume"), &json!({"resume_data": {"d": 2, "e": 3}})).await.expect(200);
    let shown = bed.shown(&path).await;
    assert_eq!(shown["workflow_state"], json!({"a": 2, "b": {"y": 2}, "c": null, "d": 2, "e": 3}));
    assert_eq!((&shown["status"], &shown["stage"]), (&json!("active"), &json!("tier2")));

    let done = bed.advance(&path, json!({"action": "closed", "status": "completed", "action_detail": "fine"})).await;
    assert_eq!(done["completed_at"], now);
    assert_eq!(actions(&done), ["created", "escalated", "suspended", "resumed", "closed"]);
    assert_eq!(done["history"][3]["actor"], "ada@example.com");
    for (method, tail, body) in [
        ("PATCH", "", json!({"action": "x"})),
        ("POST", "/suspend", json!({"step": "x"})),
        ("POST", "/resume", json!({})),
    ] {
        let answer = bed.agent.json(method, &format!("{path}{tail}"), &body).await.expect(409).json();
        assert_eq!(answer, json!({"detail": "Workflow is completed: only allowed for non-terminal statuses"}));
    }
    bed.admin.post_empty(&format!("/v1/workflows/{id}/abort")).await.expect(409);
    assert_eq!(bed.shown(&path).await, done);
}

#[tokio::test]
async fn aborting_keeps_the_history_and_clears_the_next_action() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, id) = bed.open(json!({"next_action_at": "2026-12-01T00:00:00Z"})).await;
    bed.admin.post_empty(&format!("/v1/workflows/{id}/abort")).await.expect(200);
    let shown = bed.shown(&path).await;
    assert_eq!((&shown["status"], &shown["next_action_at"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(shown["completed_at"], "2026-11-22T09:00:00Z");
    assert_eq!(actions(&shown), ["created", "aborted"]);
}

#[tokio::test]
async fn creating_with_a_key_happens_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let path = bed.workflows();
    let first = bed.agent.post_once(&path, "k1", &bed.lead()).await.expect(201);
    let again = bed.agent.post_once(&path, "k1", &bed.lead()).await.expect(201);
    assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    let other = json!({"customer_id": CUSTOMER, "workflow_type": "roster"});
    let refused = bed.agent.post_once(&path, "k1", &other).await.expect(409);
    assert_eq!(refused.json(), json!({"detail": "the idempotency key was used with another body"}));
    assert_eq!(bed.agent.get(&path).await.expect(200).json()["total"], 1);
    bed.agent.post_once(&path, "k2", &json!({"workflow_type": "roster"})).await.expect(422);
    bed.agent.post_once(&path, "k2", &other).await.expect(201);
}

#[tokio::test]
async fn the_platform_sees_records_and_may_end_them() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, id) = bed.open(json!({"title": "Flat 3"})).await;
    let executions = format!("{}/executions", bed.tenant.base);
    let one = format!("{executions}/{id}");
    let shown = host.operator.get(&one).await.expect(200).json();
    let about = ["dialect", "kind", "title", "status"].map(|name| shown[name].as_str().unwrap().to_owned());
    assert_eq!(about, ["hydracore", "record", "Flat 3", "running"]);
    bed.advance(&path, json!({"action": "ask", "status": "awaiting_approval"})).await;
    assert_eq!(host.operator.get(&one).await.expect(200).json()["status"], "waiting");
    host.operator.post_empty(&format!("{one}/retry")).await.expect(409);
    host.operator.post_empty(&format!("{one}/resume")).await.expect(409);
    host.operator.post_empty(&format!("{one}/cancel")).await.expect(200);
    let record = bed.shown(&path).await;
    assert_eq!((&record["status"], &record["history"][2]["actor"]), (&json!("cancelled"), &json!("operator")));
    let history = host.operator.get(&format!("{one}/history")).await.expect(200).json();
    let kinds: Vec<&str> = history["data"].as_array().unwrap().iter().map(|h| h["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["execution.created", "record.changed", "execution.cancelled"]);
    // What stands for the type of a record is no definition anybody made.
    let definitions = host.operator.get(&format!("{}/definitions", bed.tenant.base)).await.expect(200).json();
    assert_eq!(definitions["data"], json!([]));
}
