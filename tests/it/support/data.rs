//! Business data the tests share.

use super::Client;
use serde_json::{Value, json};

/// One customer, three invoices of whom one is past due, and two payments, in the tenant at `base`.
pub async fn business(operator: &Client, base: &str) {
    put(operator, base, "customers", json!([{"id": "c1", "name": "Ada", "email": "ada@example.com"}])).await;
    let invoice = |id: &str, status: &str, due: &str| {
        json!({"id": id, "invoice_number": id.to_uppercase(), "customer_id": "c1", "status": status, "currency": "GBP",
            "total_cents": 10_000, "amount_paid_cents": 0, "issue_date": "2026-01-01", "due_date": due})
    };
    let invoices = json!([
        invoice("i1", "sent", "2026-01-15"),
        invoice("i2", "sent", "2099-01-15"),
        invoice("i3", "paid", "2026-01-15"),
    ]);
    put(operator, base, "invoices", invoices).await;
    let payments = json!([
        {"id": "p1", "amount_cents": 2_500, "currency": "GBP", "status": "succeeded", "method": "card", "received_at": "2026-11-21T10:00:00Z"},
        {"id": "p2", "amount_cents": 700, "currency": "GBP", "status": "refunded", "method": "card", "received_at": "2026-11-21T11:00:00Z"},
    ]);
    put(operator, base, "payments", payments).await;
}

async fn put(operator: &Client, base: &str, dataset: &str, rows: Value) {
    operator.post(&format!("{base}/data/{dataset}"), &rows).await.expect(200);
}

/// The rows of a dataset by id.
pub async fn rows(operator: &Client, base: &str, dataset: &str) -> std::collections::BTreeMap<String, Value> {
    let listed = operator.get(&format!("{base}/data/{dataset}?limit=200")).await.expect(200).json();
    listed["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|row| (row["id"].as_str().expect("id").to_owned(), row.clone()))
        .collect()
}
