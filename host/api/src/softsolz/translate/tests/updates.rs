use super::{definition, two_steps, updated};
use crate::softsolz::wire::{TriggerType, Visibility, WorkflowStatus};
use serde_json::{Value, json};

fn scheduled() -> stepwright_engine::Definition {
    definition(&json!({
        "name": "Sweep", "description": "every day", "schedule": "0 9 * * *", "timezone": "Europe/London",
        "visibility": "shared", "shared_user_ids": [1, "u2"],
        "steps": [{ "type": "mark_invoices_overdue", "config": { "grace_days": 2 } }],
    }))
}

fn fields(body: &Value) -> Vec<String> {
    updated(&scheduled(), body).1.into_iter().map(|(field, _)| field).collect()
}

#[test]
fn what_an_update_does_not_name_stays() {
    let (spec, faults) = updated(&scheduled(), &json!({ "name": " m " }));
    assert_eq!(faults, []);
    assert_eq!(spec.name, "m");
    assert_eq!(spec.description.as_deref(), Some("every day"));
    assert_eq!(spec.cron_expression.as_deref(), Some("0 9 * * *"));
    assert_eq!(spec.timezone, "Europe/London");
    assert_eq!(spec.visibility, Visibility::Shared);
    assert_eq!(spec.shared_user_ids, [json!(1), json!("u2")]);
    assert_eq!(spec.steps[0].step_config, json!({ "grace_days": 2 }));
}

#[test]
fn an_empty_update_changes_nothing() {
    let (spec, faults) = updated(&scheduled(), &json!({}));
    assert_eq!(faults, []);
    assert_eq!(spec, super::Spec::of(&scheduled()));
}

#[test]
fn null_clears_what_can_be_null_and_leaves_the_rest() {
    let (spec, faults) = updated(
        &scheduled(),
        &json!({ "description": null, "name": null, "timezone": null, "visibility": null, "shared_user_ids": null }),
    );
    assert_eq!(faults, []);
    assert_eq!(spec.description, None);
    assert_eq!(spec.name, "Sweep");
    assert_eq!(spec.timezone, "Europe/London");
    assert_eq!(spec.shared_user_ids.len(), 2);
}

#[test]
fn going_over_to_manual_takes_the_cron_expression_away_explicitly() {
    assert_eq!(fields(&json!({ "trigger_type": "manual" })), ["cron_expression"]);
    let (spec, faults) = updated(&scheduled(), &json!({ "trigger_type": "manual", "cron_expression": null }));
    assert_eq!(faults, []);
    assert_eq!((spec.trigger_type, spec.cron_expression), (TriggerType::Manual, None));
}

#[test]
fn the_rules_hold_for_the_result() {
    for (body, field) in [
        (json!({ "cron_expression": null }), "cron_expression"),
        (json!({ "schedule": null }), "cron_expression"),
        (json!({ "name": "" }), "name"),
        (json!({ "steps": [] }), "steps"),
        (json!({ "steps": [{ "type": "payments_summary" }] }), "steps[0].step_type"),
        (json!({ "shared_user_ids": [] }), "visibility"),
        (json!({ "status": "inactive" }), "status"),
    ] {
        assert_eq!(fields(&body), [field], "{body}");
    }
}

#[test]
fn an_update_that_takes_the_delivery_away_is_refused() {
    let body = json!({ "steps": [{ "step_type": "payments_summary" }, { "step_type": "mark_invoices_overdue" }] });
    let (_, faults) = updated(&two_steps(), &body);
    let expected = (
        "steps[0].step_type".to_owned(),
        "a payments_summary must be followed by send_email or create_notification".to_owned(),
    );
    assert_eq!(faults, [expected]);
}

#[test]
fn an_update_can_pause() {
    let (spec, _) = updated(&scheduled(), &json!({ "status": "paused" }));
    assert_eq!(spec.status, WorkflowStatus::Paused);
}
