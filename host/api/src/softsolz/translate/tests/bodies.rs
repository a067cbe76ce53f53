use super::{builtins, created, definition};
use crate::softsolz::translate::Catalog;
use crate::softsolz::wire::{StepPurpose, TriggerType, Visibility, WorkflowStatus};
use serde_json::{Value, json};
use stepwright_engine::{DefinitionStatus, Dialect, OnFailure, Trigger};

/// A legal body with `change` laid over it; `null` takes a member away.
fn body(change: &Value) -> Value {
    let mut body = json!({
        "name": "Daily overdue sweep",
        "cron_expression": "0 9 * * *",
        "steps": [{ "step_type": "mark_invoices_overdue" }],
    });
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

fn fields(body: &Value) -> Vec<String> {
    created(body).1.into_iter().map(|(field, _)| field).collect()
}

#[test]
fn the_sample_of_the_documentation_is_legal_and_gets_the_defaults() {
    let (spec, faults) = created(&json!({
        "name": "Daily overdue sweep",
        "schedule": "0 9 * * *",
        "steps": [{ "type": "mark_invoices_overdue" }],
    }));
    assert_eq!(faults, []);
    assert_eq!(spec.trigger_type, TriggerType::Schedule);
    assert_eq!(spec.cron_expression.as_deref(), Some("0 9 * * *"));
    assert_eq!(spec.timezone, "UTC");
    assert_eq!(spec.status, WorkflowStatus::Active);
    assert_eq!(spec.visibility, Visibility::Tenant);
    assert_eq!(spec.steps[0].step_type, "mark_invoices_overdue");
    assert_eq!(spec.steps[0].step_config, json!({}));
}

#[test]
fn a_workflow_becomes_a_definition_whose_steps_run_one_after_the_other_and_never_again() {
    let definition = definition(&json!({
        "name": "  Month end ",
        "description": null,
        "trigger_type": "manual",
        "timezone": "Europe/London",
        "status": "paused",
        "steps": [
            { "step_type": "invoicing_ar_summary", "step_config": { "date_range": "last_month" } },
            { "step_type": "create_notification", "step_config": { "title": "AR" } },
            { "step_type": "mark_invoices_overdue" },
        ],
    }));
    assert_eq!(definition.dialect, Dialect::Softsolz);
    assert_eq!(definition.name, "Month end");
    assert_eq!(definition.trigger, Trigger::Manual);
    assert_eq!(definition.timezone.as_deref(), Some("Europe/London"));
    assert_eq!(definition.status, DefinitionStatus::Paused);
    assert_eq!(definition.on_failure, OnFailure::Stop);
    assert!(definition.graph.nodes.iter().all(|n| n.retry.max_retries == 0));
    assert_eq!(definition.graph.check(), []);
    let edges: Vec<(&str, &str)> = definition.graph.edges.iter().map(|e| (e.from.as_str(), e.to.as_str())).collect();
    assert_eq!(edges, [("step-0", "step-1"), ("step-1", "step-2")]);
}

#[test]
fn each_rule_names_the_member_that_breaks_it() {
    let long = |n: usize| "x".repeat(n);
    let step = json!({ "step_type": "mark_invoices_overdue" });
    for (change, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "name": "   " }), "name"),
        (json!({ "name": long(121) }), "name"),
        (json!({ "description": long(501) }), "description"),
        (json!({ "description": ["a"] }), "description"),
        (json!({ "steps": null }), "steps"),
        (json!({ "steps": "send_email" }), "steps"),
        (json!({ "steps": [] }), "steps"),
        (json!({ "steps": vec![step.clone(); 51] }), "steps"),
        (json!({ "steps": ["mark_invoices_overdue"] }), "steps[0]"),
        (json!({ "steps": [{}] }), "steps[0].step_type"),
        (json!({ "steps": [step, { "step_type": "trigger-webhook" }] }), "steps[1].step_type"),
        (json!({ "steps": [{ "step_type": "acme/anything" }] }), "steps[0].step_type"),
        (json!({ "steps": [{ "step_type": 7 }] }), "steps[0].step_type"),
        (json!({ "steps": [{ "type": "mark_invoices_overdue", "config": [] }] }), "steps[0].step_config"),
        (json!({ "trigger_type": "event" }), "trigger_type"),
        (json!({ "trigger_type": "manual" }), "cron_expression"),
        (json!({ "cron_expression": null }), "cron_expression"),
        (json!({ "cron_expression": 5 }), "cron_expression"),
        (json!({ "timezone": 1 }), "timezone"),
        (json!({ "status": "draft" }), "status"),
        (json!({ "visibility": "public" }), "visibility"),
        (json!({ "visibility": "shared" }), "visibility"),
        (json!({ "visibility": "shared", "shared_user_ids": [], "shared_role_ids": [] }), "visibility"),
        (json!({ "shared_user_ids": "u1" }), "shared_user_ids"),
        (json!({ "visibility": "shared", "shared_user_ids": [true] }), "shared_user_ids"),
        (json!({ "shared_role_ids": [1.5] }), "shared_role_ids"),
    ] {
        assert_eq!(fields(&body(&change)), [field], "{change}");
    }
}

#[test]
fn what_lies_within_the_bounds_is_legal() {
    let step = json!({ "step_type": "mark_invoices_overdue" });
    for change in [
        json!({ "name": "ü".repeat(120) }),
        json!({ "name": format!("  {}  ", "x".repeat(120)) }),
        json!({ "description": "ü".repeat(500) }),
        json!({ "steps": vec![step; 50] }),
        json!({ "visibility": "shared", "shared_user_ids": [1, "u2"] }),
        json!({ "visibility": "shared", "shared_role_ids": ["admins"] }),
        json!({ "visibility": "private", "shared_role_ids": [] }),
        json!({ "trigger_type": "manual", "cron_expression": null }),
        json!({ "somebody_elses": "member" }),
    ] {
        assert_eq!(fields(&body(&change)), [""; 0], "{change}");
    }
}

#[test]
fn null_counts_as_absent_where_a_member_cannot_be_null() {
    let (spec, faults) = created(&json!({
        "name": "n", "schedule": "0 9 * * *", "steps": [{ "type": "mark_invoices_overdue", "config": null }],
        "trigger_type": null, "timezone": null, "status": null, "visibility": null,
        "shared_user_ids": null, "shared_role_ids": null, "description": null,
    }));
    assert_eq!(faults, []);
    assert_eq!(
        spec,
        created(&json!({
            "name": "n", "schedule": "0 9 * * *", "steps": [{ "type": "mark_invoices_overdue" }],
        }))
        .0
    );
}

#[test]
fn both_spellings_may_be_sent_when_they_agree() {
    let agreeing = json!({
        "name": "n", "schedule": "0 9 * * *", "cron_expression": "0 9 * * *",
        "steps": [{ "type": "mark_invoices_overdue", "step_type": "mark_invoices_overdue",
                    "config": { "grace_days": 1 }, "step_config": { "grace_days": 1 } }],
    });
    assert_eq!(fields(&agreeing), [""; 0]);
    let differing = json!({
        "name": "n", "schedule": "0 9 * * *", "cron_expression": "0 8 * * *",
        "steps": [{ "type": "mark_invoices_overdue", "step_type": "send_invoice_reminder",
                    "config": { "grace_days": 1 }, "step_config": { "grace_days": 2 } }],
    });
    assert_eq!(fields(&differing), ["cron_expression", "steps[0].step_type", "steps[0].step_config"]);
}

#[test]
fn one_answer_lists_every_fault() {
    let all = fields(&json!({
        "description": "x".repeat(501),
        "trigger_type": "weekly",
        "timezone": 3,
        "visibility": "shared",
        "steps": [{ "step_type": "send_emial" }, { "step_type": "send_email", "step_config": 4 }, 5],
    }));
    assert_eq!(
        all,
        [
            "timezone",
            "trigger_type",
            "steps[1].step_config",
            "steps[2]",
            "name",
            "description",
            "cron_expression",
            "visibility",
            "steps[0].step_type",
        ]
    );
}

fn steps(types: &[&str]) -> Value {
    let step = |t: &&str| json!({ "step_type": t, "step_config": { "to": "a@example.com", "subject": "s" } });
    body(&json!({ "steps": types.iter().map(step).collect::<Vec<_>>() }))
}

#[test]
fn every_summary_needs_a_delivery_after_it() {
    for (types, faulty) in [
        (&["payments_summary"][..], &["steps[0].step_type"][..]),
        (&["payments_summary", "send_email"], &[]),
        (&["payments_summary", "create_notification"], &[]),
        (&["payments_summary", "mark_invoices_overdue", "create_notification"], &[]),
        (&["invoicing_ar_summary", "payments_summary", "forms_submission_digest", "create_notification"], &[]),
        (&["create_notification", "payments_summary"], &["steps[1].step_type"]),
        (&["invoicing_ar_summary", "create_notification", "forms_submission_digest"], &["steps[2].step_type"]),
        (&["payments_summary", "invoicing_ar_summary"], &["steps[0].step_type", "steps[1].step_type"]),
        (&["payments_summary", "send_invoice_reminder"], &["steps[0].step_type"]),
        (&["create_notification"], &[]),
    ] {
        assert_eq!(fields(&steps(types)), faulty, "{types:?}");
    }
}

#[test]
fn rules_about_other_steps_wait_until_those_can_be_read() {
    let mail = json!({ "step_type": "send_email", "step_config": { "to": "a@example.com", "subject": "s" } });
    let (summary, misspelt) = (json!({ "step_type": "payments_summary" }), json!({ "step_type": "send_emial" }));
    for (steps, faulty) in [
        (json!([summary, misspelt]), &["steps[1].step_type"][..]),
        (json!([misspelt, summary]), &["steps[0].step_type", "steps[1].step_type"]),
        (json!([misspelt, mail]), &["steps[0].step_type"]),
        (json!([mail, misspelt]), &["steps[0].step_config.body", "steps[1].step_type"]),
    ] {
        assert_eq!(fields(&body(&json!({ "steps": steps }))), faulty, "{steps}");
    }
}

#[test]
fn a_mail_needs_something_to_say() {
    let mail = |extra: Value| {
        let mut config = json!({ "to": "a@example.com", "subject": "s" });
        config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({ "step_type": "send_email", "step_config": config })
    };
    let summary = json!({ "step_type": "payments_summary" });
    let notification = json!({ "step_type": "create_notification", "step_config": { "title": "t" } });
    for (steps, legal) in [
        (json!([mail(json!({}))]), false),
        (json!([mail(json!({ "body": "" }))]), false),
        (json!([mail(json!({ "body": null, "template": null }))]), false),
        (json!([mail(json!({ "body": "hello" }))]), true),
        (json!([mail(json!({ "template": "monthly" }))]), true),
        (json!([summary, mail(json!({}))]), true),
        (json!([mail(json!({})), summary, notification]), false),
    ] {
        let found = fields(&body(&json!({ "steps": steps })));
        let expected: &[&str] = if legal { &[] } else { &["steps[0].step_config.body"] };
        assert_eq!(found, expected, "{steps}");
    }
}

#[test]
fn the_catalogue_holds_the_eight_in_the_order_of_the_documentation() {
    let builtins = builtins();
    let items = Catalog::pick(builtins.iter()).items();
    let shown: Vec<(&str, StepPurpose, bool)> =
        items.iter().map(|i| (i.step_type.as_str(), i.category, i.requires_delivery)).collect();
    assert_eq!(
        shown,
        [
            ("send_email", StepPurpose::Delivery, false),
            ("create_notification", StepPurpose::Delivery, false),
            ("send_invoice_reminder", StepPurpose::Action, false),
            ("generate_recurring_invoice", StepPurpose::Action, false),
            ("mark_invoices_overdue", StepPurpose::Action, false),
            ("invoicing_ar_summary", StepPurpose::Summary, true),
            ("forms_submission_digest", StepPurpose::Summary, true),
            ("payments_summary", StepPurpose::Summary, true),
        ]
    );
    let shown = serde_json::to_value(&items[0]).unwrap();
    assert_eq!(shown["name"], "send email");
    assert_eq!(shown["config_schema"], json!({ "type": "object" }));
}
