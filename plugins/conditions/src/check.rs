//! What is wrong with a statement before anything is evaluated.

use stepwright_sdk::FieldError;

use crate::config::{AttributeOperation, Statement, ValueType};
use crate::value::Relative;

/// The most attributes one statement tests (source: epilot's `EvaluationSource`).
const MAX_ATTRIBUTES: usize = 10;
/// The farthest an offset goes, whatever its unit; days of it are 273 years.
const MAX_OFFSET: i64 = 100_000;

/// Everything that is wrong, each with its place.
///
/// A static value that its type cannot read is no error here: the APIs take such statements, and they are never met.
pub fn check(statement: &Statement) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut report = |pointer: &str, message: String| errors.push(FieldError::new(pointer, message));
    operator(statement, &mut report);
    values(statement, &mut report);
    offset(statement, &mut report);
    attributes(statement, &mut report);
    if statement.attribute_sub_field.as_deref().is_some_and(|key| key.trim().is_empty()) {
        report("/attribute_sub_field", "must not be empty".to_owned());
    }
    errors
}

fn operator(statement: &Statement, report: &mut impl FnMut(&str, String)) {
    let Some(kind) = statement.attribute_type else { return };
    if !statement.operator.applies_to(kind) {
        let (operator, kind) = (statement.operator.token(), kind.token());
        report("/operator", format!("`{operator}` does not apply to attributes of type `{kind}`"));
    }
}

fn values(statement: &Statement, report: &mut impl FnMut(&str, String)) {
    if !statement.operator.needs_values() {
        return;
    }
    if statement.values.iter().all(String::is_empty) {
        report("/values", format!("`{}` needs a value", statement.operator.token()));
    }
    if statement.value_type != ValueType::RelativeDate {
        return;
    }
    if let Some(kind) = statement.attribute_type.filter(|kind| !kind.is_temporal()) {
        let message = format!("relative dates apply to `date` and `datetime`, not to `{}`", kind.token());
        report("/value_type", message);
    }
    for (index, value) in statement.values.iter().enumerate() {
        if !value.is_empty() && Relative::parse(value).is_none() {
            let message = format!("`{value}` is no relative date, expected one of {}", Relative::tokens());
            report(&format!("/values/{index}"), message);
        }
    }
}

fn offset(statement: &Statement, report: &mut impl FnMut(&str, String)) {
    let Some(offset) = &statement.date_offset else { return };
    if let Some(kind) = statement.attribute_type.filter(|kind| !kind.is_temporal()) {
        report("/date_offset", format!("applies to `date` and `datetime`, not to `{}`", kind.token()));
    }
    if offset.amount.unsigned_abs() > MAX_OFFSET.unsigned_abs() {
        report("/date_offset/amount", format!("must be between -{MAX_OFFSET} and {MAX_OFFSET}"));
    }
}

fn attributes(statement: &Statement, report: &mut impl FnMut(&str, String)) {
    let count = statement.attributes.len();
    if count > MAX_ATTRIBUTES {
        report("/attributes", format!("at most {MAX_ATTRIBUTES} attributes, not {count}"));
    }
    for (index, _) in statement.attributes.iter().enumerate().filter(|(_, name)| name.trim().is_empty()) {
        report(&format!("/attributes/{index}"), "must not be empty".to_owned());
    }
    if count < 2 {
        return;
    }
    let excluded = [
        ("/attribute_sub_field", statement.attribute_sub_field.is_some()),
        ("/date_offset", statement.date_offset.is_some()),
        ("/attribute_operation", statement.attribute_operation != AttributeOperation::All),
    ];
    for (pointer, _) in excluded.iter().filter(|(_, given)| *given) {
        report(pointer, "cannot be combined with several `attributes`".to_owned());
    }
}
