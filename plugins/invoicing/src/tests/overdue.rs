use stepwright_sdk::prelude::*;

use super::{at, host, invoice, output};
use crate::mark_invoices_overdue;

#[test]
fn payable_invoices_past_due_are_marked_and_no_others() {
    let host = host().dataset(
        "invoices",
        [
            invoice("posted", "2026-08-11", json!({"status": "posted"})),
            invoice("sent", "2026-08-11", json!({})),
            invoice("partial", "2026-08-01", json!({"status": "partially_paid", "amount_paid_cents": 1049})),
            invoice("today", "2026-08-12", json!({})),
            invoice("draft", "2026-08-01", json!({"status": "draft"})),
            invoice("void", "2026-08-01", json!({"status": "void"})),
            invoice("paid", "2026-08-01", json!({"status": "paid", "amount_paid_cents": 1050})),
            invoice("settled", "2026-08-01", json!({"amount_paid_cents": 1050})),
            invoice("overpaid", "2026-08-01", json!({"amount_paid_cents": 1051})),
        ],
    );
    let marked = output(&host, mark_invoices_overdue, json!({}));
    assert_eq!(marked, json!({"marked": 3, "ids": ["partial", "posted", "sent"], "more": false}));
    assert_eq!(host.row("invoices", "sent").unwrap()["status"], "overdue");
    for (id, status) in [("today", "sent"), ("draft", "draft"), ("void", "void"), ("paid", "paid"), ("settled", "sent")]
    {
        assert_eq!(host.row("invoices", id).unwrap()["status"], status, "{id}");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let host = host().dataset("invoices", [invoice("1", "2026-08-11", json!({}))]);
    output(&host, mark_invoices_overdue, json!({}));
    let before = host.rows("invoices");
    assert_eq!(output(&host, mark_invoices_overdue, json!({}))["marked"], 0);
    assert_eq!(host.rows("invoices"), before);
}

#[test]
fn days_of_grace_put_the_mark_off() {
    let rows = [invoice("1", "2026-08-09", json!({})), invoice("2", "2026-08-08", json!({}))];
    let marked = output(&host().dataset("invoices", rows), mark_invoices_overdue, json!({"grace_days": 3}));
    assert_eq!(marked["ids"], json!(["2"]));
}

#[test]
fn today_is_a_day_of_the_workflows_zone() {
    let marked = |zone: &str, now: &str| {
        let host = at(now).timezone(zone).dataset("invoices", [invoice("1", "2026-08-12", json!({}))]);
        output(&host, mark_invoices_overdue, json!({}))["marked"].clone()
    };
    assert_eq!(marked("America/Los_Angeles", "2026-08-13T06:59:59Z"), 0);
    assert_eq!(marked("America/Los_Angeles", "2026-08-13T07:00:00Z"), 1);
    assert_eq!(marked("Pacific/Auckland", "2026-08-12T11:59:59Z"), 0);
    assert_eq!(marked("Pacific/Auckland", "2026-08-12T12:00:00Z"), 1);
    assert_eq!(marked("Europe/London", "2026-08-12T22:59:59Z"), 0);
    assert_eq!(marked("Europe/London", "2026-08-12T23:00:00Z"), 1);
}

#[test]
fn no_invoices_are_no_error() {
    let marked = output(&host(), mark_invoices_overdue, json!({}));
    assert_eq!(marked, json!({"marked": 0, "ids": [], "more": false}));
}

#[test]
fn what_one_run_leaves_the_next_one_marks() {
    let rows = (0..1_001).map(|n| invoice(&format!("{n:04}"), "2026-08-11", json!({})));
    let host = host().dataset("invoices", rows);
    let first = output(&host, mark_invoices_overdue, json!({}));
    assert_eq!((&first["marked"], &first["more"]), (&json!(1_000), &json!(true)));
    let second = output(&host, mark_invoices_overdue, json!({}));
    assert_eq!((&second["ids"], &second["more"]), (&json!(["1000"]), &json!(false)));
}

#[test]
fn a_broken_row_is_a_fault_that_names_it() {
    let host = host().dataset("invoices", [invoice("bad", "2026-08-01", json!({"total_cents": "ten"}))]);
    let fault = host.run(mark_invoices_overdue, json!({}), json!({})).unwrap_err();
    assert_eq!(fault.code, "INVALID_ROW");
    assert!(fault.reason.starts_with("row `bad` of invoices: "), "{}", fault.reason);
    assert!(!fault.retryable);
}
