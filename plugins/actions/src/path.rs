//! Places inside JSON: `a.b`, `items.0`, `items[0].name`, `['Product Info'].price`.

use serde_json::{Map, Value};

/// Members on the way to a place.
pub const MAX_STEPS: usize = 10;

/// Reads a path; otherwise says what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{text}` is not a path like `a.b`, `items[0].name` or `['a b'].c`");
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let step;
        (step, rest) = match rest.strip_prefix('[') {
            Some(inside) => {
                let (step, after) = inside.split_once(']').ok_or_else(wrong)?;
                (unquoted(step), after)
            }
            None => {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        if step.is_empty() || step.len() > 200 || step.chars().any(char::is_control) {
            return Err(wrong());
        }
        steps.push(step.to_owned());
        rest = match rest.strip_prefix('.') {
            Some("") => return Err(wrong()),
            Some(after) => after,
            None if rest.is_empty() || rest.starts_with('[') => rest,
            None => return Err(wrong()),
        };
    }
    if (1..=MAX_STEPS).contains(&steps.len()) { Ok(steps) } else { Err(wrong()) }
}

fn unquoted(step: &str) -> &str {
    let inside = |quote: char| step.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(step)
}

/// What stands there.
pub fn get<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(members) => members.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Puts a value there; whatever is no object on the way becomes one.
pub fn set(members: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(members.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let inner = members.entry(first.clone()).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
