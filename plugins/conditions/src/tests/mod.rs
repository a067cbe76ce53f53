mod decimals;
mod fold;
mod plugin;
mod properties;
mod shapes;
mod table;
mod time;
mod validation;

use serde_json::{Value, json};
use stepwright_sdk::condition::RawOperand;
use stepwright_sdk::testing::Host;

use crate::{Statement, Verdict, evaluate};

const NOW: &str = "2026-05-15T12:00:00.000Z";

fn statement(config: Value) -> Statement {
    serde_json::from_value(config).unwrap()
}

/// An operand from JSON text, one attribute's whole value.
fn operand(kind: &str, text: &str) -> RawOperand {
    let values = if text.is_empty() { vec![] } else { vec![text.to_owned()] };
    RawOperand { present: !values.is_empty(), values, attribute_type: kind.to_owned(), repeatable: false, diff: None }
}

fn evaluate_at(now: &str, zone: &str, config: Value, operands: &[RawOperand]) -> Verdict {
    let host = Host::new().now(now).timezone(zone);
    host.with(|context| evaluate(context, &statement(config), operands)).unwrap()
}

fn verdict(kind: &str, value: &str, operator: &str, values: &[&str]) -> Verdict {
    evaluate_at(NOW, "Europe/Berlin", json!({"operator": operator, "values": values}), &[operand(kind, value)])
}

/// Whether `value operator values` is met for an attribute of the type; `value` is JSON text, "" a missing attribute.
fn met(kind: &str, value: &str, operator: &str, values: &[&str]) -> bool {
    verdict(kind, value, operator, values).met
}
