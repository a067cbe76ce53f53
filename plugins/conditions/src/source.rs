//! From an attribute's JSON to the list of values that are compared.

use serde_json::value::RawValue;
use stepwright_sdk::Fault;
use stepwright_sdk::condition::RawOperand;

use crate::config::{AttributeType, Operator};
use crate::json::Json;

/// How deep lists may lie in lists; no JSON the host sends is deeper.
const MAX_DEPTH: usize = 64;

/// Members that hold a price's amount as a decimal.
pub const AMOUNTS: &[&str] = &["amount", "unit_amount_decimal"];

/// One value of the source.
#[derive(Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// A text, never empty.
    Text(String),
    /// A number as it is written.
    Number(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// An object or a list where the type has none; as it is written.
    Foreign(&'a str),
}

/// Which part of an object is the value.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    /// The member that the statement names. An object without it has no value.
    Named(&'a str),
    /// The first of the members that objects of the type are known by. An object without any is foreign.
    Usual(&'static [&'static str]),
}

/// The values of an attribute; empty when it is missing, null, `""` or `[]`.
pub fn elements<'a>(
    operand: &'a RawOperand,
    kind: AttributeType,
    operator: Operator,
    sub_field: Option<&str>,
) -> Result<Vec<Element<'a>>, Fault> {
    let part = sub_field.map_or_else(|| Part::Usual(usual(kind, operator)), Part::Named);
    let mut found = Vec::new();
    for text in &operand.values {
        collect(serde_json::from_str(text)?, part, 0, &mut found)?;
    }
    Ok(found)
}

/// Members that objects of a type are known by. A price's amount is what is ordered, its entity what is equal.
pub fn usual(kind: AttributeType, operator: Operator) -> &'static [&'static str] {
    match kind {
        AttributeType::Email => &["email"],
        AttributeType::Phone => &["phone"],
        AttributeType::MessageEmailAddress => &["address", "email"],
        AttributeType::Price if operator.orders() => AMOUNTS,
        AttributeType::Relation | AttributeType::Product | AttributeType::Price => &["entity_id"],
        AttributeType::RelationUser => &["user_id", "entity_id"],
        _ => &[],
    }
}

fn collect<'a>(
    raw: &'a RawValue,
    part: Part<'_>,
    depth: usize,
    found: &mut Vec<Element<'a>>,
) -> Result<(), serde_json::Error> {
    if depth > MAX_DEPTH {
        found.push(Element::Foreign(raw.get()));
        return Ok(());
    }
    let object = match Json::read(raw)? {
        Json::List(items) => return items.into_iter().try_for_each(|item| collect(item, part, depth + 1, found)),
        Json::Object(object) => object,
        scalar => {
            if matches!(part, Part::Named(_)) && !is_empty(&scalar) {
                found.push(Element::Foreign(raw.get()));
            } else {
                found.extend(element(scalar));
            }
            return Ok(());
        }
    };
    if let Some(related) = object.get("$relation") {
        return collect(related, part, depth + 1, found);
    }
    match part {
        Part::Named(name) => object.get(name).map_or(Ok(()), |member| leaves(member, depth + 1, found)),
        Part::Usual(names) => match names.iter().find_map(|name| object.get(*name)) {
            Some(member) => leaves(member, depth + 1, found),
            None => {
                found.push(Element::Foreign(raw.get()));
                Ok(())
            }
        },
    }
}

/// The values of an object's member; objects in it are foreign.
fn leaves<'a>(raw: &'a RawValue, depth: usize, found: &mut Vec<Element<'a>>) -> Result<(), serde_json::Error> {
    match Json::read(raw)? {
        Json::List(items) if depth <= MAX_DEPTH => {
            return items.into_iter().try_for_each(|item| leaves(item, depth + 1, found));
        }
        Json::List(_) | Json::Object(_) => found.push(Element::Foreign(raw.get())),
        scalar => found.extend(element(scalar)),
    }
    Ok(())
}

fn is_empty(json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => text.is_empty(),
        _ => false,
    }
}

fn element(json: Json<'_>) -> Option<Element<'_>> {
    match json {
        Json::Text(text) if !text.is_empty() => Some(Element::Text(text)),
        Json::Number(text) => Some(Element::Number(text)),
        Json::Boolean(value) => Some(Element::Boolean(value)),
        Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    }
}
