//! The demo's business data, dated around the day it is made on.

use chrono::{Duration, NaiveDate};
use serde_json::{Value, json};
use stepwright_app::Dataset;

/// All rows, with fixed ids: making them again replaces them.
pub fn around(today: NaiveDate) -> Vec<(Dataset, Vec<Value>)> {
    let day = |offset: i64| (today + Duration::days(offset)).to_string();
    let noon = |offset: i64| format!("{}T12:00:00Z", day(offset));
    vec![
        (Dataset::Customers, customers()),
        (Dataset::Invoices, invoices(&day)),
        (
            Dataset::RecurringTemplates,
            vec![json!({
                "id": "rt-hosting", "customer_id": "c-willow", "currency": "GBP", "interval": "monthly",
                "next_issue_date": day(0), "due_in_days": 14, "active": true,
                "lines": [{ "description": "Hosting", "quantity": 1, "unit_price_cents": 4_900 }],
            })],
        ),
        (Dataset::Payments, payments(&noon)),
        (
            Dataset::Forms,
            vec![
                json!({ "id": "f-contact", "slug": "contact", "name": "Contact us" }),
                json!({ "id": "f-quote", "slug": "quote", "name": "Request a quote" }),
            ],
        ),
        (Dataset::FormSubmissions, submissions(&noon)),
    ]
}

fn customers() -> Vec<Value> {
    vec![
        json!({ "id": "c-willow", "name": "Willow & Co", "email": "accounts@willow.example" }),
        json!({ "id": "c-harbour", "name": "Harbour Cafés", "email": "office@harbour.example" }),
        json!({ "id": "c-north", "name": "North Star Ltd", "email": "ap@northstar.example" }),
        json!({ "id": "c-shy", "name": "No Mail Please" }),
    ]
}

fn invoices(day: &impl Fn(i64) -> String) -> Vec<Value> {
    let invoice = |number: u32, customer: &str, status: &str, currency: &str, (total, paid): (i64, i64), due: i64| {
        json!({
            "id": format!("inv-{number}"), "invoice_number": format!("INV-{number}"), "customer_id": customer,
            "status": status, "currency": currency, "total_cents": total, "amount_paid_cents": paid,
            "issue_date": day(due - 14), "due_date": day(due),
            "lines": [{ "description": "Services", "quantity": 1, "unit_price_cents": total }],
        })
    };
    vec![
        invoice(1001, "c-willow", "sent", "GBP", (120_000, 0), -45),
        invoice(1002, "c-harbour", "posted", "GBP", (35_050, 0), -10),
        invoice(1003, "c-north", "partially_paid", "GBP", (80_000, 30_000), -5),
        invoice(1004, "c-shy", "sent", "GBP", (9_900, 0), -2),
        invoice(1005, "c-willow", "paid", "GBP", (64_000, 64_000), -20),
        invoice(1006, "c-harbour", "sent", "EUR", (45_000, 0), 7),
        invoice(1007, "c-north", "draft", "GBP", (15_000, 0), 14),
    ]
}

fn payments(noon: &impl Fn(i64) -> String) -> Vec<Value> {
    let payment = |id: &str, invoice: Option<&str>, status: &str, cents: i64, method: &str, at: i64| {
        json!({
            "id": id, "invoice_id": invoice, "amount_cents": cents, "currency": "GBP", "status": status,
            "method": method, "received_at": noon(at),
        })
    };
    vec![
        payment("p-1", Some("inv-1005"), "succeeded", 64_000, "bank_transfer", -6),
        payment("p-2", Some("inv-1003"), "succeeded", 30_000, "card", -3),
        payment("p-3", Some("inv-1002"), "failed", 35_050, "card", -2),
        payment("p-4", None, "refunded", 2_500, "card", -1),
    ]
}

fn submissions(noon: &impl Fn(i64) -> String) -> Vec<Value> {
    let submission = |id: &str, form: &str, values: Value, at: i64| json!({ "id": id, "form_id": form, "values": values, "submitted_at": noon(at) });
    vec![
        submission("s-1", "f-contact", json!({ "name": "Ada", "message": "Do you deliver on Sundays?" }), -4),
        submission("s-2", "f-contact", json!({ "name": "Grace", "message": "The gate code has changed." }), -1),
        submission("s-3", "f-quote", json!({ "name": "Linus", "budget": 5_000 }), -2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_passes_its_datasets_rules() {
        for (dataset, rows) in around("2026-03-01".parse().unwrap()) {
            for row in rows {
                assert_eq!(dataset.check(&row), [], "{} {row}", dataset.as_str());
            }
        }
    }
}
