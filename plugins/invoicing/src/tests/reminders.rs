use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

use super::{at, customer, host, invoice, output};
use crate::send_invoice_reminder;

fn with(rows: impl IntoIterator<Item = Value>) -> Host {
    host().dataset("customers", [customer("ada", json!("ada@example.com"))]).dataset("invoices", rows)
}

#[test]
fn invoices_past_due_with_a_balance_are_reminded_of() {
    let host = with([
        invoice("sent", "2026-08-11", json!({})),
        invoice("marked", "2026-08-01", json!({"status": "overdue", "amount_paid_cents": 50})),
        invoice("marked-today", "2026-08-12", json!({"status": "overdue"})),
        invoice("due-today", "2026-08-12", json!({})),
        invoice("draft", "2026-08-01", json!({"status": "draft"})),
        invoice("paid", "2026-08-01", json!({"status": "paid", "amount_paid_cents": 1050})),
        invoice("settled", "2026-08-01", json!({"amount_paid_cents": 1050})),
    ]);
    let sent = output(&host, send_invoice_reminder, json!({}));
    let expected = json!({
        "sent": 3, "invoice_ids": ["marked", "marked-today", "sent"], "skipped": [], "skipped_count": 0,
        "total_cents": 3100, "totals": [{"currency": "EUR", "total_cents": 3100}], "more": false,
    });
    assert_eq!(sent, expected);
}

#[test]
fn a_reminder_says_what_is_open_as_text_and_as_html() {
    let host = with([invoice("1", "2026-08-07", json!({"amount_paid_cents": 50}))]);
    output(&host, send_invoice_reminder, json!({}));
    let mail = host.mails().remove(0);
    assert_eq!(mail.to, ["ada@example.com"]);
    assert_eq!(mail.subject, "Reminder: invoice INV-1 is overdue");
    for line in ["Dear Ada & Sons,", "Invoice: INV-1", "Due date: 2026-08-07, 5 days ago", "Amount due: 10.00 EUR"] {
        assert!(mail.text.lines().any(|l| l == line), "{line} is not in:\n{}", mail.text);
    }
    let html = mail.html.unwrap();
    assert!(html.contains("Dear Ada &amp; Sons,") && html.contains("10.00 EUR"), "{html}");
}

#[test]
fn a_line_break_in_a_row_does_not_reach_the_subject() {
    let number = json!({"invoice_number": format!("7\r\nBcc: x@y.z{}", "9".repeat(300))});
    let host = with([invoice("1", "2026-08-07", number)]);
    output(&host, send_invoice_reminder, json!({}));
    let subject = &host.mails()[0].subject;
    assert!(subject.starts_with("Reminder: invoice 7  Bcc: x@y.z9") && subject.chars().count() <= 200, "{subject}");
}

#[test]
fn a_reminder_is_noted_on_the_invoice_and_its_key_names_it() {
    let host =
        with([invoice("1", "2026-08-07", json!({"reminder_count": 1, "last_reminder_at": "2026-08-01T00:00:00Z"}))]);
    output(&host, send_invoice_reminder, json!({}));
    assert_eq!(host.mails()[0].key, "1:2");
    let row = host.row("invoices", "1").unwrap();
    assert_eq!((&row["reminder_count"], &row["last_reminder_at"]), (&json!(2), &json!("2026-08-12T11:00:00Z")));
    assert_eq!(row["status"], "sent");
}

#[test]
fn a_long_id_has_a_key_of_its_own_that_the_host_takes() {
    let (one, two) = (format!("{}1", "x".repeat(199)), format!("{}2", "x".repeat(199)));
    let host = with([invoice(&one, "2026-08-07", json!({})), invoice(&two, "2026-08-07", json!({}))]);
    output(&host, send_invoice_reminder, json!({}));
    let keys: Vec<String> = host.mails().into_iter().map(|mail| mail.key).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1] && keys.iter().all(|key| key.len() <= 200), "{keys:?}");
}

#[test]
fn a_second_run_on_the_same_day_sends_nothing() {
    let host = with([invoice("1", "2026-08-07", json!({}))]);
    output(&host, send_invoice_reminder, json!({}));
    let again = output(&host, send_invoice_reminder, json!({}));
    assert_eq!((&again["sent"], &again["total_cents"]), (&json!(0), &json!(0)));
    assert_eq!(again["skipped"], json!([{"invoice_id": "1", "reason": "reminded_recently"}]));
    assert_eq!(host.mails().len(), 1);
}

#[test]
fn a_run_that_fails_keeps_neither_mail_nor_note() {
    let host = with([invoice("1", "2026-08-07", json!({})), invoice("2", "2026-08-07", json!({}))])
        .deny("data.write:invoices");
    assert_eq!(host.run(send_invoice_reminder, json!({}), json!({})).unwrap_err().code, "DENIED");
    assert_eq!(host.mails(), []);
    assert_eq!(host.row("invoices", "1").unwrap().get("reminder_count"), None);
}

#[test]
fn days_between_reminders_are_days_of_the_zone() {
    let reminded = |now: &str, last: &str| {
        let changes = json!({"last_reminder_at": last, "reminder_count": 1});
        let host = at(now).timezone("America/Los_Angeles").dataset("customers", [customer("ada", json!("a@b.c"))]);
        let host = host.dataset("invoices", [invoice("1", "2026-03-01", changes)]);
        output(&host, send_invoice_reminder, json!({}))["sent"].clone()
    };
    // 23:30 of 5 March in Los Angeles; the fourth day after it is the ninth, though clocks change in between.
    let last = "2026-03-06T07:30:00Z";
    assert_eq!(reminded("2026-03-08T06:00:00Z", last), 0);
    assert_eq!(reminded("2026-03-08T08:00:00Z", last), 1);
}

#[test]
fn days_overdue_and_the_number_of_reminders_are_bounds() {
    let host = with([
        invoice("5-days", "2026-08-07", json!({})),
        invoice("4-days", "2026-08-08", json!({})),
        invoice("often", "2026-08-01", json!({"reminder_count": 2})),
    ]);
    let sent = output(&host, send_invoice_reminder, json!({"days_overdue": 5, "max_reminders": 2}));
    assert_eq!(sent["invoice_ids"], json!(["5-days"]));
    assert_eq!(sent["skipped"], json!([{"invoice_id": "often", "reason": "max_reminders_reached"}]));
}

#[test]
fn a_customer_without_a_valid_address_is_skipped_and_not_failed() {
    let rows = ["none", "null", "bad", "breaks", "gone", "ada"]
        .map(|id| invoice(&format!("of-{id}"), "2026-08-07", json!({"customer_id": id})));
    let host = with(rows).dataset(
        "customers",
        [
            json!({"id": "none", "name": "N"}),
            customer("null", Value::Null),
            customer("bad", json!("not an address")),
            customer("breaks", json!("a@b.c\r\nBcc: d@e.f")),
        ],
    );
    let sent = output(&host, send_invoice_reminder, json!({}));
    assert_eq!((&sent["sent"], &sent["skipped_count"]), (&json!(1), &json!(5)));
    assert_eq!(sent["skipped"][0], json!({"invoice_id": "of-bad", "reason": "no_email"}));
    assert_eq!(sent["skipped"][2], json!({"invoice_id": "of-gone", "reason": "customer_not_found"}));
}

#[test]
fn balances_of_different_currencies_are_not_added_up() {
    let host = with([
        invoice("1", "2026-08-07", json!({})),
        invoice("2", "2026-08-07", json!({"currency": "JPY", "total_cents": 5000})),
        invoice("3", "2026-08-07", json!({"currency": "eur"})),
    ]);
    let sent = output(&host, send_invoice_reminder, json!({}));
    assert_eq!(sent["total_cents"], Value::Null);
    let totals = json!([{"currency": "EUR", "total_cents": 2100}, {"currency": "JPY", "total_cents": 5000}]);
    assert_eq!(sent["totals"], totals);
    assert!(host.mails()[1].text.contains("Amount due: 5,000 JPY"));
}

#[test]
fn what_one_run_leaves_the_next_one_sends() {
    let host = with((0..501).map(|n| invoice(&format!("{n:04}"), "2026-08-07", json!({}))));
    let first = output(&host, send_invoice_reminder, json!({}));
    assert_eq!((&first["sent"], &first["more"]), (&json!(500), &json!(true)));
    let second = output(&host, send_invoice_reminder, json!({}));
    assert_eq!((&second["invoice_ids"], &second["more"]), (&json!(["0500"]), &json!(false)));
    assert_eq!((second["skipped"].as_array().unwrap().len(), &second["skipped_count"]), (200, &json!(500)));
}
