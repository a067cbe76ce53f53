//! Bodies of journal rows: JSON whose long texts stand elsewhere, each once, under their hash.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::HashMap;
use stepwright_engine::agent::Hash;

/// Bytes from which on a text is kept by itself.
const LONG: usize = 256;
/// Names a text that is kept by itself. Members of the body's own that begin so get one more `$`.
const REFERENCE: &str = "$text";

/// A body, ready to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packed {
    pub body: String,
    pub blobs: Vec<(Hash, String)>,
}

/// Writes a value.
pub(super) fn pack<T: Serialize>(value: &T) -> serde_json::Result<Packed> {
    let mut packed = Packed::default();
    let value = shorten(serde_json::to_value(value)?, &mut packed.blobs);
    packed.body = value.to_string();
    Ok(packed)
}

/// Reads a value.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack<T: DeserializeOwned>(body: &str, blobs: &HashMap<Hash, String>) -> Result<T, String> {
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    // As text, since raw JSON inside can only be read from that.
    let text = lengthen(value, blobs)?.to_string();
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn shorten(value: Value, blobs: &mut Vec<(Hash, String)>) -> Value {
    match value {
        // PostgreSQL's texts cannot hold a NUL; inside JSON it is escaped.
        Value::String(text) if text.len() >= LONG && !text.contains('\0') => {
            let hash = Hash::of_text(&text);
            if !blobs.iter().any(|(known, _)| *known == hash) {
                blobs.push((hash, text));
            }
            Value::Object(Map::from_iter([(REFERENCE.to_owned(), hash.to_string().into())]))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| shorten(item, blobs)).collect()),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let name = if name.starts_with('$') { format!("${name}") } else { name };
                (name, shorten(value, blobs))
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        short @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => short,
    }
}

fn lengthen(value: Value, blobs: &HashMap<Hash, String>) -> Result<Value, String> {
    Ok(match value {
        Value::Object(members) => {
            if let Some(name) = members.get(REFERENCE) {
                let hash = name.as_str().and_then(Hash::parse).ok_or("a reference is no hash")?;
                let text = blobs.get(&hash).ok_or_else(|| format!("the text {hash} is missing"))?;
                return Ok(Value::String(text.clone()));
            }
            let mut whole = Map::new();
            for (name, value) in members {
                let name = name.strip_prefix('$').map(str::to_owned).unwrap_or(name);
                whole.insert(name, lengthen(value, blobs)?);
            }
            Value::Object(whole)
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| lengthen(item, blobs)).collect::<Result<_, _>>()?)
        }
        short @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_texts_stand_elsewhere_each_once_and_come_back() {
        let long = "x".repeat(LONG);
        let value = json!({"a": long, "b": [long, "short"], "$text": "mine", "$": {"$$": long}});
        let packed = pack(&value).unwrap();
        assert_eq!(packed.blobs.len(), 1);
        assert!(packed.body.len() < 500, "{}", packed.body);
        let blobs = packed.blobs.into_iter().collect();
        assert_eq!(unpack::<Value>(&packed.body, &blobs), Ok(value));
    }

    #[test]
    fn a_text_that_is_missing_is_an_error() {
        let packed = pack(&json!({"a": "x".repeat(LONG)})).unwrap();
        assert!(unpack::<Value>(&packed.body, &HashMap::new()).unwrap_err().contains("missing"));
    }
}
