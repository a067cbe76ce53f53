//! The eight steps, through the API.

use super::{BASE, created, ended, manual, run, sandbox};
use crate::support::{TestHost, data};
use serde_json::{Value, json};

async fn outcome(client: &crate::support::Client, steps: Value) -> Value {
    let id = created(client, &manual(steps)).await;
    let shown = ended(client, &run(client, &id).await).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    shown
}

#[tokio::test]
async fn summaries_are_mailed_as_text_and_html() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let (tenant, client) = sandbox(&host).await;
    outcome(
        &client,
        json!([
            {"type": "payments_summary", "config": {"date_range": "last_7_days"}},
            {"type": "invoicing_ar_summary"},
            {"type": "forms_submission_digest"},
            {"type": "send_email", "config": {"to": ["boss@example.com"], "subject": "Weekly"}},
        ]),
    )
    .await;
    let outbox = host.operator.get(&format!("{}/outbox", tenant.test_base)).await.expect(200).json();
    let mail = &outbox["data"][0];
    assert_eq!(mail["state"], "captured", "{outbox}");
    assert_eq!(outbox["data"].as_array().unwrap().len(), 1);
    let text = mail["message"]["text"].as_str().expect("text");
    // Gross is all that came in: 25.00 succeeded and 7.00 later refunded.
    assert!(text.contains("32.00"), "{text}");
    assert!(text.contains("GBP"), "{text}");
    assert!(mail["message"]["html"].as_str().is_some_and(|h| h.contains("<table")), "{mail}");
}

#[tokio::test]
async fn notifications_reminders_and_recurring_invoices_leave_their_marks() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let (tenant, client) = sandbox(&host).await;
    let template = json!([{"id": "t1", "customer_id": "c1", "currency": "GBP", "interval": "monthly",
        "lines": [{"description": "Hosting", "quantity": 2, "unit_price_cents": 1500}],
        "next_issue_date": "2026-11-01", "due_in_days": 14, "active": true}]);
    host.operator.post(&format!("{}/data/recurring_templates", tenant.test_base), &template).await.expect(200);
    outcome(
        &client,
        json!([
            {"type": "send_invoice_reminder"},
            {"type": "generate_recurring_invoice"},
            {"type": "create_notification", "config": {"title": "Done", "body": "All invoices handled"}},
        ]),
    )
    .await;
    let invoices = data::rows(&host.operator, &tenant.test_base, "invoices").await;
    assert_eq!(invoices["i1"]["reminder_count"], 1, "{:?}", invoices["i1"]);
    let issued: Vec<&Value> = invoices.values().filter(|i| i["recurring_template_id"] == "t1").collect();
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0]["total_cents"], 3_000);
    let templates = data::rows(&host.operator, &tenant.test_base, "recurring_templates").await;
    assert_eq!(templates["t1"]["next_issue_date"], "2026-12-01");
    let notifications = data::rows(&host.operator, &tenant.test_base, "notifications").await;
    assert!(notifications.values().any(|n| n["title"] == "Done"));
    let outbox = host.operator.get(&format!("{}/outbox", tenant.test_base)).await.expect(200).json();
    assert_eq!(outbox["data"][0]["message"]["to"], json!(["ada@example.com"]));
}

#[tokio::test]
async fn running_everything_twice_changes_nothing_the_second_time() {
    let host = TestHost::start_at("2026-11-22T09:00:00Z").await;
    let (tenant, client) = sandbox(&host).await;
    let steps = json!([{"type": "mark_invoices_overdue"}, {"type": "generate_recurring_invoice"}, {"type": "send_invoice_reminder"}]);
    let id = created(&client, &manual(steps)).await;
    ended(&client, &run(&client, &id).await).await;
    let before = data::rows(&host.operator, &tenant.test_base, "invoices").await;
    host.advance_secs(60);
    let second = ended(&client, &run(&client, &id).await).await;
    assert_eq!(second["steps"][0]["output"]["marked"], 0, "{second}");
    assert_eq!(data::rows(&host.operator, &tenant.test_base, "invoices").await, before);
    assert_eq!(client.get(&format!("{BASE}/runs")).await.expect(200).json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn empty_tables_make_valid_summaries() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let client = host.client(&tenant, "softsolz", super::SCOPES, "test").await;
    outcome(
        &client,
        json!([
            {"type": "payments_summary"}, {"type": "invoicing_ar_summary"}, {"type": "forms_submission_digest"},
            {"type": "create_notification", "config": {"title": "Empty"}},
        ]),
    )
    .await;
}
