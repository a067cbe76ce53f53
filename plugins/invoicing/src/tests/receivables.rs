use stepwright_sdk::prelude::*;

use super::{at, host, invoice, output, payment};
use crate::invoicing_ar_summary;

#[test]
fn open_balances_are_aged_by_days_since_they_were_due() {
    let rows = [
        ("tomorrow", "2026-08-13", 1),
        ("today", "2026-08-12", 10),
        ("yesterday", "2026-08-11", 100),
        ("day-30", "2026-07-13", 1_000),
        ("day-31", "2026-07-12", 10_000),
        ("day-60", "2026-06-13", 20_000),
        ("day-61", "2026-06-12", 100_000),
        ("day-90", "2026-05-14", 200_000),
        ("day-91", "2026-05-13", 1_000_000),
    ];
    let host = host().dataset("invoices", rows.map(|(id, due, cents)| invoice(id, due, json!({"total_cents": cents}))));
    let summed = output(&host, invoicing_ar_summary, json!({}));
    let expected = json!([{
        "currency": "EUR", "open_count": 9, "outstanding_cents": 1_331_111, "not_due_cents": 1, "overdue_count": 7,
        "overdue_cents": 1_331_100,
        "aging": {
            "days_0_30_cents": 1_110, "days_31_60_cents": 30_000, "days_61_90_cents": 300_000,
            "days_over_90_cents": 1_000_000,
        },
        "invoiced_count": 0, "invoiced_cents": 0, "collected_count": 0, "collected_cents": 0,
    }]);
    assert_eq!(summed["currencies"], expected);
    assert_eq!(summed["as_of"], "2026-08-12");
}

#[test]
fn only_open_balances_of_issued_invoices_are_outstanding() {
    let host = host().dataset(
        "invoices",
        [
            invoice("draft", "2026-08-01", json!({"status": "draft"})),
            invoice("void", "2026-08-01", json!({"status": "void"})),
            invoice("paid", "2026-08-01", json!({"status": "paid", "amount_paid_cents": 1050})),
            invoice("overpaid", "2026-08-01", json!({"amount_paid_cents": 2000})),
            invoice("partial", "2026-08-01", json!({"status": "partially_paid", "amount_paid_cents": 50})),
            invoice("overdue", "2026-08-01", json!({"status": "overdue"})),
        ],
    );
    let eur = output(&host, invoicing_ar_summary, json!({}))["currencies"][0].clone();
    assert_eq!((&eur["open_count"], &eur["outstanding_cents"]), (&json!(2), &json!(2050)));
}

#[test]
fn invoiced_and_collected_are_those_of_the_period() {
    let on = |id: &str, issue_date: &str, status: &str| {
        invoice(id, "2026-12-01", json!({"issue_date": issue_date, "status": status}))
    };
    let host = host()
        .dataset(
            "invoices",
            [
                on("before", "2026-06-30", "sent"),
                on("first", "2026-07-01", "paid"),
                on("last", "2026-07-31", "overdue"),
                on("after", "2026-08-01", "sent"),
                on("draft", "2026-07-15", "draft"),
                on("void", "2026-07-15", "void"),
            ],
        )
        .dataset(
            "payments",
            [
                // Midnight of 1 July in London is 23:00 in UTC.
                payment("early", "2026-06-30T22:59:59Z", json!({})),
                payment("first", "2026-06-30T23:00:00Z", json!({})),
                payment("refunded", "2026-07-10T00:00:00Z", json!({"status": "refunded"})),
                payment("failed", "2026-07-10T00:00:00Z", json!({"status": "failed"})),
                payment("last", "2026-07-31T22:59:59Z", json!({"amount_cents": 20})),
            ],
        );
    let eur = output(&host, invoicing_ar_summary, json!({"date_range": "last_month"}))["currencies"][0].clone();
    assert_eq!((&eur["invoiced_count"], &eur["invoiced_cents"]), (&json!(2), &json!(2100)));
    assert_eq!((&eur["collected_count"], &eur["collected_cents"]), (&json!(2), &json!(120)));
}

#[test]
fn currencies_are_kept_apart() {
    let host = host()
        .dataset(
            "invoices",
            [
                invoice("1", "2026-08-01", json!({})),
                invoice("2", "2026-08-01", json!({"currency": "usd", "total_cents": 7})),
            ],
        )
        .dataset("payments", [payment("1", "2026-08-12T00:00:00Z", json!({"currency": "JPY"}))]);
    let summed = output(&host, invoicing_ar_summary, json!({}));
    let of = |n: usize| {
        let currency = &summed["currencies"][n];
        (currency["currency"].clone(), currency["outstanding_cents"].clone(), currency["collected_cents"].clone())
    };
    assert_eq!(of(0), (json!("EUR"), json!(1050), json!(0)));
    assert_eq!(of(1), (json!("JPY"), json!(0), json!(100)));
    assert_eq!(of(2), (json!("USD"), json!(7), json!(0)));
}

#[test]
fn an_empty_dataset_is_a_valid_summary() {
    let summed = output(&host(), invoicing_ar_summary, json!({}));
    assert_eq!(summed["currencies"], json!([]));
    assert_eq!(summed["summary"]["period"]["from"], "2026-08-06");
    let overview = json!([{"title": "Overview", "rows": [
        {"label": "Open", "value": "0 invoices"}, {"label": "Overdue", "value": "0 invoices"},
        {"label": "Issued in the period", "value": "0 invoices"}, {"label": "Received in the period", "value": "0 payments"},
    ]}]);
    assert_eq!(summed["summary"]["sections"], overview);
}

#[test]
fn an_invoice_ages_at_midnight_of_the_workflows_zone() {
    let overdue = |zone: &str, now: &str| {
        let host = at(now).timezone(zone).dataset("invoices", [invoice("1", "2026-03-28", json!({}))]);
        output(&host, invoicing_ar_summary, json!({}))["currencies"][0]["overdue_cents"].clone()
    };
    assert_eq!(overdue("Europe/London", "2026-03-28T23:59:59Z"), 0);
    assert_eq!(overdue("Europe/London", "2026-03-29T00:00:00Z"), 1050);
    assert_eq!(overdue("Pacific/Auckland", "2026-03-28T10:59:59Z"), 0);
    assert_eq!(overdue("Pacific/Auckland", "2026-03-28T11:00:00Z"), 1050);
    assert_eq!(overdue("America/Los_Angeles", "2026-03-29T06:59:59Z"), 0);
    assert_eq!(overdue("America/Los_Angeles", "2026-03-29T07:00:00Z"), 1050);
}
