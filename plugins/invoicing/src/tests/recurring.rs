use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

use super::{at, changed, host, output};
use crate::generate_recurring_invoice;

/// A monthly template of 25.00 EUR; `changes` replaces members.
fn template(id: &str, next_issue_date: &str, changes: Value) -> Value {
    let row = json!({
        "id": id, "customer_id": "ada", "currency": "EUR", "interval": "monthly", "next_issue_date": next_issue_date,
        "due_in_days": 14,
        "lines": [
            {"description": "Seats", "quantity": 3, "unit_price_cents": 1000, "sku": "S"},
            {"description": "Rebate", "quantity": 1, "unit_price_cents": -500},
        ],
    });
    changed(row, changes)
}

fn with(rows: impl IntoIterator<Item = Value>) -> Host {
    host().dataset("recurring_templates", rows)
}

fn template_now(host: &Host, id: &str) -> (Value, Value) {
    let row = host.row("recurring_templates", id).unwrap();
    (row["next_issue_date"].clone(), row["anchor_day"].clone())
}

#[test]
fn a_template_that_is_due_becomes_an_invoice_and_moves_on() {
    let host = with([template("t", "2026-08-12", json!({}))]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    let expected = json!({
        "issued": 1, "invoice_ids": ["rec-t-2026-08-12"], "already_issued": 0,
        "totals": [{"currency": "EUR", "total_cents": 2500}], "skipped": [], "cut": [], "more": false,
    });
    assert_eq!(issued, expected);
    let invoice = json!({
        "id": "rec-t-2026-08-12", "invoice_number": "REC-t-20260812", "customer_id": "ada", "status": "posted",
        "currency": "EUR", "total_cents": 2500, "amount_paid_cents": 0, "issue_date": "2026-08-12",
        "due_date": "2026-08-26", "reminder_count": 0, "recurring_template_id": "t",
        "lines": template("t", "", json!({}))["lines"],
    });
    assert_eq!(host.rows("invoices"), [invoice]);
    assert_eq!(template_now(&host, "t"), (json!("2026-09-12"), json!(12)));
}

#[test]
fn a_second_run_issues_nothing() {
    let host = with([template("t", "2026-06-30", json!({}))]);
    output(&host, generate_recurring_invoice, json!({}));
    let before = (host.rows("invoices"), host.rows("recurring_templates"));
    let again = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!((&again["issued"], &again["already_issued"]), (&json!(0), &json!(0)));
    assert_eq!((host.rows("invoices"), host.rows("recurring_templates")), before);
}

#[test]
fn an_invoice_that_is_there_counts_as_issued_and_stays_as_it_is() {
    let there = json!({"id": "rec-t-2026-07-12", "status": "paid"});
    let host = with([template("t", "2026-06-12", json!({}))]).dataset("invoices", [there.clone()]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(issued["invoice_ids"], json!(["rec-t-2026-06-12", "rec-t-2026-08-12"]));
    assert_eq!(issued["already_issued"], 1);
    assert_eq!(issued["totals"], json!([{"currency": "EUR", "total_cents": 5000}]));
    assert_eq!(host.row("invoices", "rec-t-2026-07-12"), Some(there));
    assert_eq!(template_now(&host, "t").0, "2026-09-12");
}

#[test]
fn missed_dates_are_caught_up_on_with_the_day_they_started_with() {
    let host = at("2026-05-01T08:00:00Z").dataset("recurring_templates", [template("t", "2026-01-31", json!({}))]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    let ids = ["rec-t-2026-01-31", "rec-t-2026-02-28", "rec-t-2026-03-31", "rec-t-2026-04-30"];
    assert_eq!(issued["invoice_ids"], json!(ids));
    assert_eq!(template_now(&host, "t"), (json!("2026-05-31"), json!(31)));
}

#[test]
fn the_anchor_survives_from_run_to_run() {
    let host = at("2026-02-01T08:00:00Z").dataset("recurring_templates", [template("t", "2026-01-31", json!({}))]);
    output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(template_now(&host, "t"), (json!("2026-02-28"), json!(31)));
    let host = host.now("2026-03-01T08:00:00Z");
    output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(template_now(&host, "t"), (json!("2026-03-31"), json!(31)));
}

#[test]
fn a_weekly_template_keeps_no_day_of_the_month() {
    let host = with([template("t", "2026-08-05", json!({"interval": "weekly"}))]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(issued["invoice_ids"], json!(["rec-t-2026-08-05", "rec-t-2026-08-12"]));
    assert_eq!(template_now(&host, "t"), (json!("2026-08-19"), Value::Null));
}

#[test]
fn a_long_backlog_is_cut_and_said_so_and_the_next_run_goes_on() {
    let host = with([template("t", "2025-08-13", json!({"interval": "weekly"}))]);
    let first = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!((&first["issued"], &first["more"]), (&json!(36), &json!(false)));
    assert_eq!(first["cut"], json!([{"template_id": "t", "next_issue_date": "2026-04-22"}]));
    let second = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!((&second["issued"], &second["cut"]), (&json!(17), &json!([])));
    assert_eq!(host.rows("invoices").len(), 53);
}

#[test]
fn many_templates_are_issued_over_several_runs() {
    let host = with((0..20).map(|n| template(&format!("{n:02}"), "2023-08-30", json!({}))));
    let first = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!((&first["issued"], &first["more"]), (&json!(500), &json!(true)));
    let second = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!((&second["issued"], &second["more"]), (&json!(220), &json!(false)));
    assert_eq!(host.rows("invoices").len(), 720);
}

#[test]
fn nothing_is_issued_after_the_end_date_or_while_inactive() {
    let host = with([
        template("ends", "2026-06-12", json!({"end_date": "2026-07-12"})),
        template("off", "2026-06-12", json!({"active": false})),
        template("on", "2026-08-12", json!({"active": true, "end_date": null})),
        template("future", "2026-08-13", json!({})),
    ]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(issued["invoice_ids"], json!(["rec-ends-2026-06-12", "rec-ends-2026-07-12", "rec-on-2026-08-12"]));
    assert_eq!(template_now(&host, "ends").0, "2026-08-12");
    assert_eq!(output(&host, generate_recurring_invoice, json!({}))["issued"], 0);
}

#[test]
fn templates_named_in_the_config_are_the_only_ones_and_each_is_accounted_for() {
    let host = with([
        template("a", "2026-08-01", json!({})),
        template("b", "2026-08-01", json!({})),
        template("ended", "2026-08-01", json!({"end_date": "2026-07-31"})),
        template("later", "2026-09-01", json!({})),
        template("off", "2026-08-01", json!({"active": false})),
    ]);
    let config = json!({"template_ids": ["b", "ended", "later", "off", "nobody", "b"]});
    let issued = output(&host, generate_recurring_invoice, config);
    assert_eq!(issued["invoice_ids"], json!(["rec-b-2026-08-01"]));
    let skipped = [("ended", "ended"), ("later", "not_due"), ("off", "inactive"), ("nobody", "not_found")];
    let skipped: Vec<Value> = skipped.iter().map(|(id, why)| json!({"template_id": id, "reason": why})).collect();
    assert_eq!(issued["skipped"], json!(skipped));
}

#[test]
fn auto_send_marks_the_invoice_as_sent_now() {
    let host = with([template("t", "2026-08-12", json!({}))]);
    output(&host, generate_recurring_invoice, json!({"auto_send": true}));
    let row = host.rows("invoices").remove(0);
    assert_eq!((&row["status"], &row["sent_at"]), (&json!("sent"), &json!("2026-08-12T11:00:00Z")));
}

#[test]
fn the_day_is_one_of_the_workflows_zone() {
    let issued = |zone: &str, now: &str| {
        let host = at(now).timezone(zone).dataset("recurring_templates", [template("t", "2026-08-12", json!({}))]);
        output(&host, generate_recurring_invoice, json!({}))["issued"].clone()
    };
    assert_eq!(issued("Pacific/Auckland", "2026-08-11T11:59:59Z"), 0);
    assert_eq!(issued("Pacific/Auckland", "2026-08-11T12:00:00Z"), 1);
    assert_eq!(issued("America/Los_Angeles", "2026-08-12T06:59:59Z"), 0);
    assert_eq!(issued("America/Los_Angeles", "2026-08-12T07:00:00Z"), 1);
}

#[test]
fn an_amount_that_does_not_stay_exact_is_a_fault_that_names_the_template() {
    let lines = json!({"lines": [{"description": "x", "quantity": 1_000_000_000, "unit_price_cents": 9_007_199_254_740_991_i64}]});
    let fault =
        with([template("t", "2026-08-12", lines)]).run(generate_recurring_invoice, json!({}), json!({})).unwrap_err();
    assert!(fault.reason.starts_with("row `t` of recurring_templates: a sum exceeds"), "{}", fault.reason);
}

#[test]
fn without_days_until_it_is_due_an_invoice_has_thirty() {
    let host = with([template("t", "2026-08-12", json!({"due_in_days": null}))]);
    output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(host.rows("invoices")[0]["due_date"], "2026-09-11");
}

#[test]
fn an_id_too_long_for_an_invoices_id_is_skipped() {
    let (fits, long) = ("f".repeat(185), "l".repeat(186));
    let host = with([template(&fits, "2026-08-12", json!({})), template(&long, "2026-08-12", json!({}))]);
    let issued = output(&host, generate_recurring_invoice, json!({}));
    assert_eq!(issued["invoice_ids"][0].as_str().unwrap().len(), 200);
    assert_eq!(issued["skipped"], json!([{"template_id": long, "reason": "id_too_long"}]));
}
