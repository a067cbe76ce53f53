mod overdue;
mod payments;
mod plugin;
mod receivables;
mod recurrence;
mod recurring;
mod reminders;

use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

use crate::Plugin;

/// Noon of a Wednesday in London.
fn host() -> Host {
    at("2026-08-12T11:00:00Z")
}

fn at(now: &str) -> Host {
    Host::of::<Plugin>().now(now).timezone("Europe/London")
}

/// A sent invoice of 10.50 EUR, due on a day; `changes` replaces members.
fn invoice(id: &str, due_date: &str, changes: Value) -> Value {
    let row = json!({
        "id": id, "invoice_number": format!("INV-{id}"), "customer_id": "ada", "status": "sent", "currency": "EUR",
        "total_cents": 1050, "issue_date": "2026-07-01", "due_date": due_date,
    });
    changed(row, changes)
}

fn customer(id: &str, email: Value) -> Value {
    json!({"id": id, "name": "Ada & Sons", "email": email})
}

/// A payment of 1 EUR; `changes` replaces members.
fn payment(id: &str, received_at: &str, changes: Value) -> Value {
    let row = json!({
        "id": id, "amount_cents": 100, "currency": "EUR", "status": "succeeded", "method": "card",
        "received_at": received_at,
    });
    changed(row, changes)
}

fn changed(mut row: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        row[name] = value;
    }
    row
}

/// Runs a step that completes.
fn output<S: stepwright_sdk::Step>(host: &Host, step: S, config: Value) -> Value {
    match host.run(step, config, json!({})) {
        Ok(StepOutcome::Completed { output, .. }) => output,
        other => panic!("the step has not completed: {other:?}"),
    }
}
