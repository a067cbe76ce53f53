//! What of a text or of a submission's values fits into an output: outputs are limited, what people submit is not.

use serde_json::{Map, Value};

/// Characters of one value.
const VALUE: usize = 500;
/// Bytes of all values of a submission, as JSON.
const VALUES: usize = 4 << 10;

/// A text of at most so many characters.
pub fn text(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The values of a submission as far as there is room for them, and whether that is all.
pub fn values(all: Map<String, Value>) -> (Map<String, Value>, bool) {
    let mut kept = Map::new();
    let mut whole = true;
    let mut room = VALUES;
    for (full_name, value) in all {
        let name = text(&full_name, VALUE);
        whole &= name == full_name;
        let shown = plain(&value);
        let short = text(&shown, VALUE);
        let value = if short == shown { value } else { Value::String(short) };
        whole &= !matches!(&value, Value::String(cut) if *cut != shown);
        let size = name.len() + value.to_string().len();
        if size > room {
            return (kept, false);
        }
        room -= size;
        kept.insert(name, value);
    }
    (kept, whole)
}

/// The values on one line, for people.
pub fn line(values: &Map<String, Value>, most: usize) -> String {
    let each = values.iter().map(|(name, value)| format!("{name}: {}", plain(value)));
    text(&each.collect::<Vec<_>>().join("; ").replace(char::is_control, " "), most)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}
