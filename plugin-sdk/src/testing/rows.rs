//! Versioned JSON objects, and what the host says about filters, patches and versions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::bindings::data::{Comparison, Filter};
use crate::bindings::types::HostError;

/// A version and an object.
pub(super) type Stored = (u64, Map<String, Value>);
/// Objects by id.
pub(super) type Table = BTreeMap<String, Stored>;

/// Merges a patch into a row, shallowly; null removes. Returns the new version.
pub(super) fn merge(table: &mut Table, id: &str, patch: &str, expected: Option<u64>) -> Result<u64, HostError> {
    let Ok(Value::Object(patch)) = serde_json::from_str(patch) else {
        return Err(HostError::Invalid("`patch` must be a JSON object".to_owned()));
    };
    if id.is_empty() {
        return Err(HostError::Invalid("`id` must not be empty".to_owned()));
    }
    let current = table.get(id).map_or(0, |(version, _)| *version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(HostError::Conflict(current));
    }
    let (version, object) = table.entry(id.to_owned()).or_default();
    *version += 1;
    for (field, value) in patch {
        if value.is_null() { drop(object.remove(&field)) } else { drop(object.insert(field, value)) }
    }
    Ok(*version)
}

/// Up to `limit` rows after the cursor, and the cursor of the next page.
pub(super) fn page<'t>(
    table: Option<&'t Table>,
    limit: u32,
    cursor: Option<&str>,
    matches: impl Fn(&Map<String, Value>) -> bool,
) -> (Vec<(&'t String, &'t Stored)>, Option<String>) {
    let limit = limit as usize;
    let all = table.into_iter().flatten();
    let after = all.filter(|(id, (_, object))| cursor.is_none_or(|cursor| id.as_str() > cursor) && matches(object));
    let mut rows: Vec<_> = after.take(limit + 1).collect();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(id, _)| (*id).clone());
    (rows, next)
}

/// A filter with its value read.
pub(super) struct Test {
    field: String,
    comparison: Comparison,
    value: Value,
}

impl Test {
    pub fn parse(filter: &Filter) -> Result<Self, HostError> {
        let invalid = |text: &str| HostError::Invalid(format!("filter on `{}`: {text}", filter.field));
        let value: Value = serde_json::from_str(&filter.value).map_err(|_| invalid("the value is not JSON"))?;
        if filter.comparison == Comparison::AnyOf && !value.is_array() {
            return Err(invalid("`any-of` needs an array"));
        }
        Ok(Self { field: filter.field.clone(), comparison: filter.comparison, value })
    }

    pub fn holds(&self, object: &Map<String, Value>) -> bool {
        let found = object.get(&self.field).unwrap_or(&Value::Null);
        let order = || compare(found, &self.value);
        match self.comparison {
            Comparison::Eq => same(found, &self.value),
            Comparison::Ne => !same(found, &self.value),
            Comparison::Lt => order() == Some(Ordering::Less),
            Comparison::Le => order().is_some_and(Ordering::is_le),
            Comparison::Gt => order() == Some(Ordering::Greater),
            Comparison::Ge => order().is_some_and(Ordering::is_ge),
            Comparison::AnyOf => self.value.as_array().is_some_and(|any| any.iter().any(|value| same(found, value))),
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || compare(a, b) == Some(Ordering::Equal)
}

/// Numbers with numbers and texts with texts; nothing else has an order.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
