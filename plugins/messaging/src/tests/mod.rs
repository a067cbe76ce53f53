mod email;
mod notification;
mod pending;
mod plugin;
mod render;
mod template;

use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

use crate::Plugin;

fn host() -> Host {
    Host::of::<Plugin>().now("2026-08-12T11:00:00Z")
}

/// The output of a summary step, with one amount.
fn summary(title: &str) -> Value {
    json!({
        "summary": {
            "title": title,
            "period": {"from": "2026-08-06", "to": "2026-08-12", "timezone": "Europe/London"},
            "sections": [{"title": "EUR", "rows": [{"label": "Net", "value": {"cents": 105_000, "currency": "EUR"}}]}],
        },
        "currencies": [{"currency": "EUR", "net_cents": 105_000}],
    })
}

/// What an earlier delivery step has put out.
fn delivery(nodes: &[&str]) -> Value {
    json!({"message_id": "m", "delivered": nodes})
}

fn input(outputs: &[(&str, Value)]) -> Input {
    outputs.iter().fold(Input::new(json!({})), |input, (node, output)| input.with_output(node, output))
}
