use stepwright_sdk::plugin::Plugin as _;
use stepwright_sdk::prelude::*;
use stepwright_sdk::step::Category;

use super::host;
use crate::{Plugin, generate_recurring_invoice, invoicing_ar_summary, send_invoice_reminder};

#[test]
fn the_manifest_asks_for_exactly_the_datasets_the_steps_use() {
    let datasets = [("invoices", true), ("recurring_templates", true), ("customers", false), ("payments", false)];
    assert_eq!(Plugin::MANIFEST.datasets, datasets);
    assert_eq!((Plugin::MANIFEST.hosts, Plugin::MANIFEST.secrets), (&[][..], &[][..]));
    assert_eq!((Plugin::MANIFEST.name, Plugin::MANIFEST.version), ("invoicing", "0.1.0"));
}

#[test]
fn steps_have_the_published_ids_and_categories() {
    let steps: Vec<_> = Plugin::STEPS.iter().map(|s| (s.info.id, s.info.category, s.info.requires_delivery)).collect();
    let expected = [
        ("send_invoice_reminder", Category::Action, false),
        ("generate_recurring_invoice", Category::Action, false),
        ("mark_invoices_overdue", Category::Action, false),
        ("invoicing_ar_summary", Category::Summary, true),
        ("payments_summary", Category::Summary, true),
    ];
    assert_eq!(steps, expected);
    assert!(Plugin::STEPS.iter().all(|step| !step.info.delivers && !step.info.description.is_empty()));
}

#[test]
fn config_schemas_describe_every_member_and_refuse_others() {
    for step in Plugin::STEPS {
        let schema: Value = serde_json::from_str(&step.schemas().0).unwrap();
        assert!(schema["additionalProperties"].is_null(), "{}", step.info.id);
        for (name, member) in schema["properties"].as_object().unwrap() {
            assert!(member["description"].is_string(), "{} {name}: {member}", step.info.id);
            assert!(!member.to_string().contains("$ref"), "{} {name}: {member}", step.info.id);
        }
    }
}

#[test]
fn config_schemas_have_defaults_and_bounds() {
    let schema: Value = serde_json::from_str(&Plugin::STEPS[0].schemas().0).unwrap();
    let between = &schema["properties"]["min_days_between"];
    assert_eq!((&between["default"], &between["minimum"], &between["maximum"]), (&json!(3), &json!(0), &json!(3650)));
    let schema: Value = serde_json::from_str(&Plugin::STEPS[3].schemas().0).unwrap();
    assert_eq!(schema["properties"]["date_range"]["default"], "last_7_days");
}

#[test]
fn defaults_are_filled_in() {
    let host = host();
    let reminder = host.validate(send_invoice_reminder, json!({})).unwrap();
    assert_eq!(reminder, json!({"days_overdue": 0, "min_days_between": 3}));
    assert_eq!(host.validate(generate_recurring_invoice, json!({})).unwrap(), json!({"auto_send": false}));
    assert_eq!(host.validate(invoicing_ar_summary, json!({})).unwrap(), json!({"date_range": "last_7_days"}));
}

#[test]
fn an_unknown_member_is_ignored() {
    let normalised = host().validate(send_invoice_reminder, json!({"days_overdue": 3, "of_tomorrow": 1})).unwrap();
    assert_eq!(normalised, json!({"days_overdue": 3, "min_days_between": 3}));
}

#[test]
fn a_wrong_date_range_is_refused_at_its_place() {
    let place =
        |range: Value| host().validate(invoicing_ar_summary, json!({"date_range": range})).unwrap_err().remove(0);
    assert_eq!(place(json!("tomorrow")).pointer, "/date_range");
    assert_eq!(place(json!({"from": "2026-13-01", "to": "2026-12-01"})).pointer, "/date_range/from");
    let order = place(json!({"from": "2026-02-02", "to": "2026-02-01"}));
    assert_eq!(order, FieldError::new("/date_range", "`from` (2026-02-02) is after `to` (2026-02-01)"));
}
