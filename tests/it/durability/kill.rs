use crate::support::process::{Server, TOKEN};
use crate::support::{Client, data, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Customers, each with an overdue invoice and a recurring template.
const CUSTOMERS: usize = 5;
const WORKFLOWS: usize = 50;

async fn tenant(operator: &Client) -> (String, Client) {
    let made = operator.post("/platform/v1/tenants", &json!({"name": "Crash"})).await.expect(201).json();
    let base = format!("/platform/v1/tenants/{}", made["id"].as_str().unwrap());
    let test_base = format!("/platform/v1/tenants/{}", made["test_tenant_id"].as_str().unwrap());
    let key = json!({"dialect": "softsolz", "scopes": ["service.workflows.*"], "environment": "test", "rate_limit_per_minute": 1_000_000});
    let key = operator.post(&format!("{base}/keys"), &key).await.expect(201).json();
    (test_base, operator.with_key(key["key"].as_str().unwrap()))
}

async fn fill(operator: &Client, base: &str) {
    let customers: Vec<Value> = (0..CUSTOMERS)
        .map(|i| json!({"id": format!("c{i}"), "name": format!("C{i}"), "email": format!("c{i}@example.com")}))
        .collect();
    operator.post(&format!("{base}/data/customers"), &json!(customers)).await.expect(200);
    let templates: Vec<Value> = (0..CUSTOMERS)
        .map(|i| json!({"id": format!("t{i}"), "customer_id": format!("c{i}"), "currency": "EUR", "interval": "yearly",
            "lines": [{"description": "Licence", "quantity": 1, "unit_price_cents": 1000}], "next_issue_date": "2026-01-01", "active": true}))
        .collect();
    operator.post(&format!("{base}/data/recurring_templates"), &json!(templates)).await.expect(200);
}

#[tokio::test]
async fn fifty_runs_survive_kill_nine_with_no_mail_or_invoice_twice_and_none_lost() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let (base, client) = tenant(&server.operator()).await;
    fill(&server.operator(), &base).await;
    let mut workflows = Vec::new();
    for number in 0..WORKFLOWS {
        let body = json!({"name": format!("w{number}"), "trigger_type": "manual", "steps": [
            {"type": "generate_recurring_invoice"},
            {"type": "payments_summary"},
            {"type": "send_email", "config": {"to": format!("w{number}@example.com"), "subject": format!("Run {number}")}},
            {"type": "mark_invoices_overdue"},
        ]});
        workflows.push(super::super::softsolz::created(&client, &body).await);
    }
    let mut starts = tokio::task::JoinSet::new();
    for workflow in &workflows {
        let (client, path) = (client.clone(), format!("/api/v1/services/workflows/workflows/{workflow}/run"));
        starts.spawn(async move { client.post_empty(&path).await.expect(201).json()["data"]["run_id"].clone() });
    }
    let mut runs = Vec::new();
    while let Some(run) = starts.join_next().await {
        runs.push(run.unwrap().as_str().unwrap().to_owned());
    }
    // In the middle: some have ended, some not. Three crashes, the last one with nothing left on purpose.
    server.kill();
    for pause in [15, 60] {
        let server = Server::start(dir.path(), &[]);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.kill();
    }

    let server = Server::start(dir.path(), &[]);
    let client = Client::new(&server.base, None).with_key(client.key().unwrap());
    let mut ended = BTreeMap::new();
    for run in &runs {
        let shown = eventually("every run's end", || async {
            let shown =
                client.get(&format!("/api/v1/services/workflows/runs/{run}")).await.expect(200).json()["data"].clone();
            (shown["status"] != "queued" && shown["status"] != "running").then_some(shown)
        })
        .await;
        ended.insert(run.clone(), shown);
    }
    for (run, shown) in &ended {
        assert_eq!(shown["status"], "completed", "{run}: {shown}");
    }

    let operator = Client::new(&server.base, Some(TOKEN));
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    let outbox = operator.get(&format!("{base}/outbox?limit=200")).await.expect(200).json();
    for mail in outbox["data"].as_array().unwrap() {
        *mails.entry(mail["message"]["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = (0..WORKFLOWS).map(|n| (format!("Run {n}"), 1)).collect();
    assert_eq!(mails, expected);
    // Whichever run came first, each template has been issued exactly once for its date.
    let invoices = data::rows(&operator, &base, "invoices").await;
    assert_eq!(invoices.len(), CUSTOMERS, "{invoices:?}");
    assert_eq!(server.terminate(), Some(0));
}
