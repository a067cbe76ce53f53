//! Guards, good and hostile, inside the mutation.

use super::{Bed, actions};
use crate::platform::guest;
use crate::support::TestHost;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const APPROVER: &str = "1b287364-14ff-4b72-8953-b40399093a6f";
const OTHER: &str = "2b287364-14ff-4b72-8953-b40399093a6f";

async fn bind(host: &TestHost, bed: &Bed, body: Value, status: u16) -> Value {
    let path = format!("{}/guards/lead", bed.tenant.base);
    host.operator.json("PUT", &path, &body).await.expect(status).json()
}

/// Publishes and enables the tests' guards; the path of the plugin's version.
async fn publish(host: &TestHost, bed: &Bed) -> String {
    let all = format!("{}/plugins", bed.tenant.base);
    let kind = [("content-type", "application/wasm")];
    let made = host.operator.send("POST", &all, &kind, Some(guest("guard-guest"))).await.expect(201).json();
    let one = format!("{all}/{}/{}", made["name"].as_str().unwrap(), made["version"].as_str().unwrap());
    host.operator.post(&format!("{one}/enable"), &json!({"grants": {}})).await.expect(200);
    one
}

fn guest_guard(guard: &str) -> Value {
    json!({"plugin": "guard-guest", "guard": guard})
}

#[tokio::test]
async fn only_the_named_approver_approves() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let config = json!({"statuses": ["completed"], "stages": ["approved"], "actions": []});
    bind(&host, &bed, json!({"plugin": "approval", "guard": "approval", "config": config}), 201).await;
    let (path, _) = bed.open(json!({})).await;
    let approve = |actor: &str| json!({"action": "sign_off", "actor": actor, "status": "completed"});
    let refused = bed.agent.json("PATCH", &path, &approve(APPROVER)).await.expect(409).json();
    let reason = "Transition denied: the record names no approver, so nobody can approve it";
    assert_eq!(refused, json!({"detail": reason}));
    // Nothing else is guarded, and naming an approver is not approving.
    let asked = json!({"action": "ask", "status": "awaiting_approval", "approver_id": APPROVER});
    bed.advance(&path, asked).await;
    for body in [
        approve(OTHER),
        json!({"action": "sign_off", "status": "completed"}),
        json!({"action": "x", "actor": OTHER, "stage": "approved"}),
        json!({"action": "x", "actor": OTHER, "approver_id": OTHER, "status": "completed"}),
    ] {
        let refused = bed.agent.json("PATCH", &path, &body).await.expect(409).json();
        let reason = "Transition denied: only the approver that the record names may approve it";
        assert_eq!(refused, json!({"detail": reason}), "{body}");
    }
    let shown = bed.shown(&path).await;
    assert_eq!((&shown["status"], &shown["approver_id"]), (&json!("awaiting_approval"), &json!(APPROVER)));
    let denials = ["guard_denied"; 4];
    assert_eq!(actions(&shown), [&["created", "guard_denied", "ask"][..], &denials].concat());
    let denied = &shown["history"][3];
    assert_eq!(
        (&denied["actor"], &denied["from_status"], &denied["to_status"]),
        (&json!(OTHER), &json!("awaiting_approval"), &json!("awaiting_approval"))
    );
    assert_eq!((&denied["detail"]["code"], &denied["detail"]["action"]), (&json!("NOT_APPROVER"), &json!("sign_off")));
    // A denial is no action.
    assert_eq!(shown["last_action_at"], shown["history"][2]["at"]);
    let done = bed.advance(&path, approve(&APPROVER.to_uppercase())).await;
    assert_eq!(done["status"], "completed");
}

#[tokio::test]
async fn a_guard_may_add_to_what_it_allows() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    publish(&host, &bed).await;
    bind(&host, &bed, guest_guard("allow-with"), 201).await;
    let (path, id) = bed.open(json!({})).await;
    let unasked = bed.advance(&path, json!({"action": "note", "workflow_state": {"guarded": "mine"}})).await;
    assert_eq!((&unasked["workflow_state"], &unasked["escalation_level"]), (&json!({"guarded": "mine"}), &json!(0)));
    let moved =
        bed.advance(&path, json!({"action": "go", "stage": "next", "workflow_state": {"guarded": "x", "a": 1}})).await;
    assert_eq!(moved["workflow_state"], json!({"a": 1, "guarded": "go", "history": 2}));
    assert_eq!((&moved["escalation_level"], &moved["next_action_at"]), (&json!(2), &json!("2026-11-22T09:00:00Z")));
    for (path, body, action) in [
        (format!("{path}/suspend"), json!({"step": "s"}), "suspended"),
        (format!("{path}/resume"), json!({}), "resumed"),
    ] {
        bed.agent.post(&path, &body).await.expect(200);
        assert_eq!(bed.shown(&format!("{}/{id}", bed.workflows())).await["workflow_state"]["guarded"], action);
    }
}

#[tokio::test]
async fn a_guard_that_cannot_answer_refuses_unless_its_binding_lets_pass() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let plugin = publish(&host, &bed).await;
    let (path, id) = bed.open(json!({})).await;
    let mut status = 201;
    for guard in ["trap", "spin", "allocate", "sleep"] {
        bind(&host, &bed, guest_guard(guard), status).await;
        status = 200;
        let body = json!({"action": "go", "status": "paused"});
        let refused = bed.agent.json("PATCH", &path, &body).await.expect(409).json();
        assert_eq!(refused, json!({"detail": "guard unavailable"}), "{guard}");
    }
    for (call, body) in [("suspend", json!({"step": "s"})), ("abort", json!({}))] {
        let refused = bed.admin.post(&format!("/v1/workflows/{id}/{call}"), &body).await.expect(409).json();
        assert_eq!(refused, json!({"detail": "guard unavailable"}), "{call}");
    }
    host.operator.post_empty(&format!("{plugin}/disable")).await.expect(200);
    let body = json!({"action": "go", "stage": "next"});
    assert_eq!(bed.agent.json("PATCH", &path, &body).await.expect(409).json(), json!({"detail": "guard unavailable"}));
    let shown = bed.shown(&path).await;
    assert_eq!((&shown["status"], &shown["stage"]), (&json!("active"), &Value::Null));
    let codes: BTreeSet<&str> =
        shown["history"].as_array().unwrap()[1..].iter().map(|h| h["detail"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, BTreeSet::from(["GUARD_UNAVAILABLE"]));
    // What no guard is asked about goes on.
    bed.advance(&path, json!({"action": "note", "workflow_state": {"a": 1}})).await;

    host.operator.post(&format!("{plugin}/enable"), &json!({"grants": {}})).await.expect(200);
    let mut open = guest_guard("trap");
    open["fail_open"] = json!(true);
    bind(&host, &bed, open, 200).await;
    assert_eq!(bed.advance(&path, body).await["stage"], "next");
}

#[tokio::test]
async fn a_denial_says_why_and_guards_hold_for_their_type_and_tenant_only() {
    let host = TestHost::start().await;
    let (bed, other) = (Bed::new(&host).await, Bed::new(&host).await);
    publish(&host, &bed).await;
    bind(&host, &bed, guest_guard("deny"), 201).await;
    let (path, _) = bed.open(json!({})).await;
    let body = json!({"action": "go", "status": "paused"});
    let refused = bed.agent.json("PATCH", &path, &body).await.expect(409).json();
    assert_eq!(refused, json!({"detail": "Transition denied: go is refused"}));
    let (roster, _) = bed.open(json!({"workflow_type": "roster"})).await;
    bed.advance(&roster, body.clone()).await;
    let (theirs, _) = other.open(json!({})).await;
    other.advance(&theirs, body.clone()).await;
    host.operator.delete(&format!("{}/guards/lead", bed.tenant.base)).await.expect(204);
    bed.advance(&path, body).await;
}

#[tokio::test]
async fn bindings_are_checked_when_they_are_made() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let wrong = bind(&host, &bed, json!({"plugin": "nobodys", "guard": "x"}), 422).await;
    assert_eq!(wrong["errors"][0]["pointer"], "/plugin");
    let wrong = bind(&host, &bed, json!({"plugin": "approval", "guard": "x"}), 422).await;
    assert_eq!(wrong["errors"][0]["pointer"], "/guard");
    let wrong = bind(&host, &bed, json!({"config": 1, "fail_open": "yes"}), 422).await;
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 4, "{wrong}");
    let base = format!("{}/guards", bed.tenant.base);
    let good = json!({"plugin": "approval", "guard": "approval"});
    host.operator.json("PUT", &format!("{base}/nonsense"), &good).await.expect(404);
    host.operator.get(&format!("{base}/lead")).await.expect(404);
    host.operator.delete(&format!("{base}/lead")).await.expect(404);
    assert_eq!(host.operator.get(&base).await.expect(200).json(), json!({"data": []}));
}
