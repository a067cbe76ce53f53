use super::{Running, done, refused, two_steps};
use crate::softsolz::Projection;
use serde_json::{Value, json};
use stepwright_app::ports::WebhookProjection as _;
use stepwright_engine::{Command, TriggerInfo, WebhookEventId};
use uuid::Uuid;

fn id() -> WebhookEventId {
    WebhookEventId::from_uuid(Uuid::from_u128(5))
}

/// Types and bodies of what the last transition gives rise to.
fn sent(running: &Running) -> Vec<(&'static str, Value)> {
    let project = |event| Projection.project(id(), &running.definition, &running.execution, event);
    running.last.iter().filter_map(project).map(|(kind, body)| (kind, body.to_value())).collect()
}

fn kinds(running: &Running) -> Vec<&'static str> {
    sent(running).into_iter().map(|(kind, _)| kind).collect()
}

fn queued() -> Running {
    Running::queued(two_steps(), TriggerInfo::manual())
}

#[test]
fn queueing_is_silent_and_beginning_is_told() {
    assert_eq!(kinds(&queued()), [""; 0]);
    let begun = queued().then(Command::Begin);
    assert_eq!(
        sent(&begun),
        [(
            "workflows.run.started",
            json!({
                "id": "evt_00000000000000000000000000000005",
                "type": "workflows.run.started",
                "created_at": "2026-11-22T09:00:01Z",
                "tenant_id": "00000000-0000-0000-0000-000000000002",
                "data": {
                    "workflow_id": "00000000-0000-0000-0000-000000000001",
                    "workflow_name": "Weekly payments",
                    "run_id": "00000000-0000-0000-0000-000000000003",
                    "status": "running",
                    "trigger": "manual",
                    "started_at": "2026-11-22T09:00:01Z",
                    "finished_at": null,
                },
            })
        )]
    );
}

#[test]
fn a_step_that_ends_well_is_silent_and_the_last_one_completes_the_run() {
    let half = queued().then(Command::Begin).finish(0, done(json!({})));
    assert_eq!(kinds(&half), [""; 0]);
    let all = half.finish(1, done(json!({})));
    let sent = sent(&all);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, "workflows.run.completed");
    assert_eq!(sent[0].1["data"]["status"], "completed");
    assert_eq!(sent[0].1["data"]["finished_at"], "2026-11-22T09:00:03Z");
}

#[test]
fn the_failed_step_is_told_before_the_failed_run() {
    let failed = queued().then(Command::Begin).finish(0, done(json!({}))).finish(1, refused());
    let sent = sent(&failed);
    let kinds: Vec<&str> = sent.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["workflows.step.failed", "workflows.run.failed"]);
    let step = json!({ "index": 1, "step_type": "send_email",
                       "error": { "code": "SMTP_550", "message": "mailbox unavailable" } });
    assert_eq!(sent[0].1["data"]["step"], step);
    assert_eq!(sent[1].1["data"].get("step"), None);
    let error = json!({ "code": "SMTP_550", "message": "mailbox unavailable", "step_index": 1 });
    assert_eq!(sent[1].1["data"]["error"], error);
    assert_eq!(sent[1].1["data"]["status"], "failed");
}

#[test]
fn a_cancelled_run_is_not_told() {
    assert_eq!(kinds(&queued().then(Command::Cancel { reason: None })), [""; 0]);
}

#[test]
fn only_its_own_event_types_can_be_subscribed_to() {
    assert_eq!(
        Projection.kinds(),
        ["workflows.run.started", "workflows.run.completed", "workflows.run.failed", "workflows.step.failed"]
    );
}

/// The expected values come from the vendor's client 0.13.0: `softsolz.webhooks.compute_signature(t, body, secret)`.
#[test]
fn the_signature_is_what_the_vendors_client_computes() {
    let body = r#"{"id":"evt_1","name":"Zoë"}"#;
    let headers = Projection.sign(id(), "", body, 1_795_338_000, &["whsec_new", "whsec_old"]);
    assert_eq!(
        headers,
        [(
            "Softsolz-Signature".to_owned(),
            "t=1795338000,\
             v1=84df8f0c7c3e37ba6470e0ff712b49121f46e81e2e6598a2b75b8a648c8ff195,\
             v1=200e9c0b2853edcb8db87997978497d298c4e576e4380c1503a47bdbc0e1fb77"
                .to_owned()
        )]
    );
}
