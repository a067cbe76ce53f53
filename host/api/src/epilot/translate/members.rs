//! Reading members into the flow engine's own types.

use crate::kit::{Faults, Fields};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Members whose values are carried as they are, `null` included.
const OPAQUE: [&str; 4] = ["config", "parameters", "agent_config", "action_config"];

/// The value without members that are `null`: they count as absent.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| {
                let member = if OPAQUE.contains(&name.as_str()) { member.clone() } else { without_nulls(member) };
                (name.clone(), member)
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// A value as `T`; a fault with the rule that is broken when it is none.
pub(super) fn read<T: DeserializeOwned>(at: String, value: &Value, faults: &Faults) -> Option<T> {
    match T::deserialize(value) {
        Ok(read) => Some(read),
        Err(error) => {
            faults.add(at, error.to_string());
            None
        }
    }
}

/// A member as `T`.
pub(super) fn one<T: DeserializeOwned>(fields: &Fields<'_>, name: &str, faults: &Faults) -> Option<T> {
    read(fields.pointer(name), fields.get(name)?, faults)
}

/// An array's items as `T`; empty when absent.
pub(super) fn list<T: DeserializeOwned>(fields: &Fields<'_>, name: &str, faults: &Faults) -> Vec<T> {
    fields.items(name).into_iter().filter_map(|(at, item)| read(at, item, faults)).collect()
}

/// A fault unless the member is there.
pub(super) fn required(fields: &Fields<'_>, name: &str) {
    if fields.get(name).is_none() {
        fields.fault(name, "is required");
    }
}
