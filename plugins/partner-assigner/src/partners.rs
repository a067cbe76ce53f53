//! Which partners fit, and which fits best.

use crate::Config;
use serde_json::{Value, json};

/// A partner that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: String,
    /// How good it is; 0 where nothing says.
    pub rank: f64,
}

impl Candidate {
    /// As the output names it.
    pub fn shown(&self) -> Value {
        json!({"partner_id": self.id, "rank": self.rank})
    }
}

/// The entity's attributes that a criterion compares and that are not there.
pub fn missing(config: &Config, attributes: &Value) -> Vec<String> {
    let compared = config.criteria.iter().map(|criterion| &criterion.attribute);
    compared.filter(|name| is_empty(&attributes[name.as_str()])).cloned().collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Partners that meet every criterion and have a place free, best first.
pub fn ranked(config: &Config, attributes: &Value, partners: Vec<Value>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> =
        partners.iter().filter_map(|partner| candidate(config, attributes, partner)).collect();
    found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| a.id.cmp(&b.id)));
    found
}

fn candidate(config: &Config, attributes: &Value, partner: &Value) -> Option<Candidate> {
    let of = &partner["attributes"];
    if of["active"] == json!(false) {
        return None;
    }
    let number = |name: &Option<String>| name.as_deref().map(|name| of[name].as_f64().unwrap_or_default());
    if number(&config.capacity).is_some_and(|free| free < 1.0) {
        return None;
    }
    let meets = config.criteria.iter().all(|criterion| {
        let theirs = criterion.partner_attribute.as_deref().unwrap_or(&criterion.attribute);
        agree(&attributes[criterion.attribute.as_str()], &of[theirs])
    });
    let id = partner["id"].as_str().filter(|_| meets)?;
    Some(Candidate { id: id.to_owned(), rank: number(&config.rank_by).unwrap_or_default() })
}

/// Whether two attributes have a value in common. Texts are the same in either case.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(items), theirs) => items.iter().any(|item| agree(item, theirs)),
        (ours, Value::Array(items)) => items.iter().any(|item| agree(ours, item)),
        (Value::String(a), Value::String(b)) => a.trim().to_lowercase() == b.trim().to_lowercase(),
        (Value::Null, _) | (_, Value::Null) => false,
        (ours, theirs) => ours == theirs,
    }
}
