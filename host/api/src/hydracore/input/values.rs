//! Single values: what pydantic accepts for a type in its lax mode, and what it says of the rest.

use super::super::wire::Fault;
use super::Faults;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Value, json};
use stepwright_engine::Timestamp;
use uuid::Uuid;

/// Where a value stands.
pub(super) type Loc<'a> = &'a [Value];

fn fault(kind: &'static str, loc: Loc<'_>, msg: impl Into<String>, input: &Value) -> Fault {
    Fault::new(kind, loc.to_vec(), msg).with_input(input)
}

/// A text with at least and at most so many characters.
pub(super) fn text(faults: &Faults, loc: Loc<'_>, value: &Value, min: usize, max: usize) -> Option<String> {
    let Some(text) = value.as_str() else {
        faults.add(fault("string_type", loc, "Input should be a valid string", value));
        return None;
    };
    let characters = text.chars().count();
    if characters < min {
        let msg = format!("String should have at least {min} character{}", if min == 1 { "" } else { "s" });
        faults.add(fault("string_too_short", loc, msg, value).with_ctx(json!({ "min_length": min })));
        return None;
    }
    if characters > max {
        let msg = format!("String should have at most {max} characters");
        faults.add(fault("string_too_long", loc, msg, value).with_ctx(json!({ "max_length": max })));
        return None;
    }
    Some(text.to_owned())
}

/// A UUID in any of its usual forms.
pub(super) fn uuid(faults: &Faults, loc: Loc<'_>, value: &Value) -> Option<Uuid> {
    let Some(text) = value.as_str() else {
        faults.add(fault("uuid_type", loc, "UUID input should be a string, bytes or UUID object", value));
        return None;
    };
    match Uuid::parse_str(text) {
        Ok(id) => Some(id),
        Err(error) => {
            let msg = format!("Input should be a valid UUID, {error}");
            faults.add(fault("uuid_parsing", loc, msg, value).with_ctx(json!({ "error": error.to_string() })));
            None
        }
    }
}

/// A whole number, also as a text, in a range.
pub(super) fn integer(faults: &Faults, loc: Loc<'_>, value: &Value, min: i128, max: Option<i128>) -> Option<i128> {
    let number = match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(n), ..) => i128::from(n),
            (_, Some(n), _) => i128::from(n),
            (.., Some(n)) if n.fract() == 0.0 => n as i128,
            _ => {
                let msg = "Input should be a valid integer, got a number with a fractional part";
                faults.add(fault("int_from_float", loc, msg, value));
                return None;
            }
        },
        Value::String(text) => match parsed(text) {
            Some(n) => n,
            None => {
                let msg = "Input should be a valid integer, unable to parse string as an integer";
                faults.add(fault("int_parsing", loc, msg, value));
                return None;
            }
        },
        _ => {
            faults.add(fault("int_type", loc, "Input should be a valid integer", value));
            return None;
        }
    };
    if number < min {
        let msg = format!("Input should be greater than or equal to {min}");
        faults.add(fault("greater_than_equal", loc, msg, value).with_ctx(json!({ "ge": min as i64 })));
        return None;
    }
    if let Some(max) = max.filter(|max| number > *max) {
        let msg = format!("Input should be less than or equal to {max}");
        faults.add(fault("less_than_equal", loc, msg, value).with_ctx(json!({ "le": max as i64 })));
        return None;
    }
    Some(number)
}

/// Digits with a sign, and with zeros behind a point; numbers too long for any range count as the largest.
fn parsed(text: &str) -> Option<i128> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let most = if whole.starts_with('-') { i128::MIN } else { i128::MAX };
    Some(whole.parse().unwrap_or(most))
}

/// An instant: RFC 3339, where a missing offset counts as UTC and a date as its midnight.
pub(super) fn instant(faults: &Faults, loc: Loc<'_>, value: &Value) -> Option<Timestamp> {
    let Some(text) = value.as_str() else {
        faults.add(fault("datetime_type", loc, "Input should be a valid datetime", value));
        return None;
    };
    let found = parse_instant(text.trim());
    if found.is_none() {
        let reason = if text.trim().len() < 10 { "input is too short" } else { "invalid character in datetime" };
        let msg = format!("Input should be a valid datetime or date, {reason}");
        faults.add(fault("datetime_from_date_parsing", loc, msg, value).with_ctx(json!({ "error": reason })));
    }
    found
}

fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp::from(at.with_timezone(&Utc)));
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let naive = naive.into_iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    Some(Timestamp::from(naive.or_else(midnight)?.and_utc()))
}
