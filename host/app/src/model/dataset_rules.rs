//! Checking a row against its dataset's rules.

use super::{Dataset, FieldRule, FieldType};
use crate::error::FieldFault;
use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// Largest integer every JSON reader keeps exact.
const MAX_SAFE: i64 = (1 << 53) - 1;

impl Dataset {
    /// Everything that is wrong with a row; `id` must be a text of 1 to 200 bytes.
    pub fn check(self, row: &Value) -> Vec<FieldFault> {
        let Some(object) = row.as_object() else {
            return vec![FieldFault::new("", "must be an object")];
        };
        let mut faults = Vec::new();
        match object.get("id") {
            Some(Value::String(id)) if (1..=200).contains(&id.len()) => {}
            _ => faults.push(FieldFault::new("/id", "must be a text of 1 to 200 bytes")),
        }
        for rule in self.fields() {
            match object.get(rule.name) {
                None | Some(Value::Null) if rule.required => {
                    faults.push(FieldFault::new(format!("/{}", rule.name), "is required"));
                }
                None | Some(Value::Null) => {}
                Some(value) => {
                    if let Some(message) = rule.broken_by(value) {
                        faults.push(FieldFault::new(format!("/{}", rule.name), message));
                    }
                }
            }
        }
        faults
    }
}

impl FieldRule {
    fn broken_by(&self, value: &Value) -> Option<String> {
        let ok = match self.kind {
            FieldType::Text => value.is_string(),
            FieldType::Count => value.as_i64().is_some_and(|n| (0..=MAX_SAFE).contains(&n)),
            FieldType::Currency => {
                value.as_str().is_some_and(|s| s.len() == 3 && s.bytes().all(|b| b.is_ascii_alphabetic()))
            }
            FieldType::Boolean => value.is_boolean(),
            FieldType::Date => value.as_str().is_some_and(|s| s.len() == 10 && s.parse::<NaiveDate>().is_ok()),
            FieldType::Instant => value.as_str().is_some_and(|s| DateTime::parse_from_rfc3339(s).is_ok()),
            FieldType::OneOf(words) => value.as_str().is_some_and(|s| words.contains(&s)),
            FieldType::Object => value.is_object(),
            FieldType::Lines => value.as_array().is_some_and(|lines| lines.iter().all(is_line)),
            FieldType::Texts => value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string)),
        };
        (!ok).then(|| match self.kind {
            FieldType::Text => "must be a text".into(),
            FieldType::Count => "must be a whole number from 0 to 2^53-1".into(),
            FieldType::Currency => "must be a currency of three letters (ISO 4217)".into(),
            FieldType::Boolean => "must be true or false".into(),
            FieldType::Date => "must be a date (YYYY-MM-DD)".into(),
            FieldType::Instant => "must be an instant (RFC 3339)".into(),
            FieldType::OneOf(words) => format!("must be one of {}", words.join(", ")),
            FieldType::Object => "must be an object".into(),
            FieldType::Lines => "must be an array of {description, quantity, unit_price_cents}".into(),
            FieldType::Texts => "must be an array of texts".into(),
        })
    }
}

fn is_line(line: &Value) -> bool {
    line.get("description").is_some_and(Value::is_string)
        && line.get("quantity").is_some_and(|q| q.as_i64().is_some_and(|n| n.abs() <= 1_000_000_000))
        && line.get("unit_price_cents").is_some_and(|p| p.as_i64().is_some_and(|n| n.abs() <= MAX_SAFE))
}
