use super::{NINE, Running, definition, done, refused, two_steps};
use crate::softsolz::translate::{core_statuses, run, warnings, workflow};
use crate::softsolz::wire::{RunStatus, Word as _};
use serde_json::{Value, json};
use stepwright_app::face::CoreStatus;
use stepwright_app::{Environment, Settings, Smtp, SmtpMode, Tenant};
use stepwright_engine::{Command, Outcome, TenantId, Timestamp, TriggerInfo, TriggerSource};
use uuid::Uuid;

fn shown(running: &Running) -> Value {
    serde_json::to_value(run(&running.definition, &running.execution)).unwrap()
}

fn queued() -> Running {
    Running::queued(two_steps(), TriggerInfo::manual())
}

fn step_statuses(shown: &Value) -> Vec<&str> {
    shown["steps"].as_array().unwrap().iter().map(|s| s["status"].as_str().unwrap()).collect()
}

#[test]
fn a_workflow_shows_every_member_as_its_author_wrote_it() {
    let shown = workflow(&two_steps(), (Some(NINE), None));
    assert_eq!(
        serde_json::to_value(shown).unwrap(),
        json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "name": "Weekly payments",
            "description": null,
            "trigger_type": "schedule",
            "cron_expression": "0 9 * * 1",
            "timezone": "UTC",
            "status": "active",
            "visibility": "tenant",
            "shared_user_ids": [],
            "shared_role_ids": [],
            "steps": [
                { "step_type": "payments_summary", "step_config": { "date_range": "last_week" } },
                { "step_type": "send_email", "step_config": { "to": "boss@example.com", "subject": "Payments" } },
            ],
            "next_run_at": "2026-11-22T09:00:00Z",
            "last_run_at": null,
            "created_at": "2026-11-22T09:00:00Z",
            "updated_at": "2026-11-22T09:00:00Z",
        })
    );
}

#[test]
fn a_queued_run_has_begun_nothing() {
    assert_eq!(
        shown(&queued()),
        json!({
            "id": "00000000-0000-0000-0000-000000000003",
            "run_id": "00000000-0000-0000-0000-000000000003",
            "workflow_id": "00000000-0000-0000-0000-000000000001",
            "status": "queued",
            "trigger": "manual",
            "scheduled_for": null,
            "queued_at": "2026-11-22T09:00:00Z",
            "started_at": null,
            "finished_at": null,
            "error": null,
            "steps": [
                { "index": 0, "step_type": "payments_summary", "status": "pending", "started_at": null,
                  "finished_at": null, "output": null, "error": null },
                { "index": 1, "step_type": "send_email", "status": "pending", "started_at": null,
                  "finished_at": null, "output": null, "error": null },
            ],
        })
    );
}

#[test]
fn a_scheduled_run_tells_the_tick_it_stands_for() {
    let tick = Timestamp::from_secs(NINE.secs() - 1);
    let trigger = TriggerInfo { source: TriggerSource::Schedule, scheduled_for: Some(tick), event: None, parent: None };
    let shown = shown(&Running::queued(two_steps(), trigger));
    assert_eq!(shown["trigger"], "schedule");
    assert_eq!(shown["scheduled_for"], "2026-11-22T08:59:59Z");
}

#[test]
fn a_running_run_shows_how_far_it_is() {
    let shown = shown(&queued().then(Command::Begin).finish(0, done(json!({ "count": 3 }))));
    assert_eq!(shown["status"], "running");
    assert_eq!(shown["started_at"], "2026-11-22T09:00:01Z");
    assert_eq!(step_statuses(&shown), ["completed", "running"]);
    assert_eq!(shown["steps"][0]["output"], json!({ "count": 3 }));
    assert_eq!(shown["steps"][0]["finished_at"], "2026-11-22T09:00:02Z");
    assert_eq!(shown["steps"][1]["started_at"], "2026-11-22T09:00:02Z");
    assert_eq!(shown["steps"][1]["finished_at"], Value::Null);
}

#[test]
fn a_completed_run_has_finished_with_its_last_step() {
    let skipped = Outcome::Skipped { reason: "nothing to send".into() };
    let shown = shown(&queued().then(Command::Begin).finish(0, done(json!({}))).finish(1, skipped));
    assert_eq!(shown["status"], "completed");
    assert_eq!(shown["finished_at"], "2026-11-22T09:00:03Z");
    assert_eq!(shown["error"], Value::Null);
    assert_eq!(step_statuses(&shown), ["completed", "skipped"]);
    assert_eq!(shown["steps"][1]["finished_at"], "2026-11-22T09:00:03Z");
}

#[test]
fn a_failed_step_fails_the_run_and_skips_the_steps_behind_it() {
    let shown = shown(&queued().then(Command::Begin).finish(0, refused()));
    assert_eq!(shown["status"], "failed");
    let error = json!({ "code": "SMTP_550", "message": "mailbox unavailable", "step_index": 0 });
    assert_eq!(shown["error"], error);
    assert_eq!(step_statuses(&shown), ["failed", "skipped"]);
    assert_eq!(shown["steps"][0]["error"], json!({ "code": "SMTP_550", "message": "mailbox unavailable" }));
    assert_eq!(shown["steps"][1]["started_at"], Value::Null);
    assert_eq!(shown["steps"][1]["finished_at"], Value::Null);
}

#[test]
fn a_cancelled_run_leaves_no_step_open() {
    let cancel = || Command::Cancel { reason: Some("the workflow was deleted".into()) };
    for cancelled in [queued().then(cancel()), queued().then(Command::Begin).then(cancel())] {
        let shown = shown(&cancelled);
        assert_eq!(shown["status"], "cancelled");
        assert_eq!(shown["error"], Value::Null);
        assert_ne!(shown["finished_at"], Value::Null);
        assert_eq!(step_statuses(&shown), ["skipped", "skipped"]);
    }
}

#[test]
fn a_run_an_operator_has_paused_is_still_running() {
    assert_eq!(shown(&queued().then(Command::Begin).then(Command::Pause))["status"], "running");
}

#[test]
fn every_status_can_be_asked_for() {
    let asked: Vec<String> = RunStatus::CHOICES.iter().flat_map(|(_, s)| core_statuses(*s)).collect();
    let every = CoreStatus::ALL.map(|status| status.as_str().to_owned());
    assert_eq!(asked, every);
}

fn tenant(environment: Environment, smtp: bool) -> Tenant {
    let server = Smtp {
        host: "localhost".into(),
        port: 25,
        mode: SmtpMode::None,
        username: None,
        password: None,
        from: "a@example.com".into(),
        reply_to: None,
    };
    Tenant {
        id: TenantId::from_uuid(Uuid::from_u128(2)),
        name: "t".into(),
        slug: "t".into(),
        environment,
        paired: TenantId::from_uuid(Uuid::from_u128(9)),
        settings: Settings { smtp: smtp.then_some(server), ..Settings::default() },
        created_at: NINE,
    }
}

#[test]
fn a_live_workspace_without_a_mail_server_is_warned_of_each_mail_step() {
    let found = warnings(&two_steps(), &tenant(Environment::Live, false));
    let found: Vec<(&str, &str)> = found.iter().map(|w| (w.code, w.field.as_str())).collect();
    assert_eq!(found, [("mail_not_configured", "steps[1]")]);
    let reminders =
        definition(&json!({ "name": "n", "trigger_type": "manual", "steps": [{ "type": "send_invoice_reminder" }] }));
    assert_eq!(warnings(&reminders, &tenant(Environment::Live, false)).len(), 1);
    let no_mail =
        definition(&json!({ "name": "n", "trigger_type": "manual", "steps": [{ "type": "mark_invoices_overdue" }] }));
    for (definition, tenant) in [
        (two_steps(), tenant(Environment::Live, true)),
        (two_steps(), tenant(Environment::Test, false)),
        (no_mail, tenant(Environment::Live, false)),
    ] {
        assert_eq!(warnings(&definition, &tenant), []);
    }
}
