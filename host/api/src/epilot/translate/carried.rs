//! What clients send and want to see again, although the flow engine has no use for it.

use serde_json::Value;

/// The members that are carried; others that nobody knows are dropped.
const CARRIED: [&str; 6] =
    ["_manifest", "action_config", "automation_id", "created_automatically", "due_date", "journey_name"];
/// Objects in which every member is carried.
const OPEN: &str = "agent_config";

/// What of `sent` is to be carried beside `kept`, which was read from it: same places, nothing but what is missing
/// there. `null` when there is none.
pub(super) fn carried(sent: &Value, kept: &Value) -> Value {
    beside(sent, kept, false)
}

fn beside(sent: &Value, kept: &Value, open: bool) -> Value {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            let rest = |(name, value): (&String, &Value)| {
                let rest = match kept.get(name) {
                    Some(kept) => beside(value, kept, name == OPEN),
                    None if open || CARRIED.contains(&name.as_str()) => value.clone(),
                    None => Value::Null,
                };
                (!rest.is_null()).then(|| (name.clone(), rest))
            };
            let members: serde_json::Map<String, Value> = sent.iter().filter_map(rest).collect();
            if members.is_empty() { Value::Null } else { Value::Object(members) }
        }
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            let items: Vec<Value> = sent.iter().zip(kept).map(|(sent, kept)| beside(sent, kept, false)).collect();
            if items.iter().all(Value::is_null) { Value::Null } else { Value::Array(items) }
        }
        _ => Value::Null,
    }
}

/// Puts what was carried back into its places.
pub(super) fn put_back(into: &mut Value, carried: &Value) {
    match (into, carried) {
        (Value::Object(into), Value::Object(carried)) => {
            for (name, value) in carried {
                match into.get_mut(name) {
                    Some(member) => put_back(member, value),
                    None => {
                        into.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(carried)) => {
            for (item, value) in into.iter_mut().zip(carried) {
                put_back(item, value);
            }
        }
        _ => {}
    }
}
