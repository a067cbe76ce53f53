//! What the engine may know of entities: snapshots the caller has read, and changes it was told of.

use super::Assignee;
use crate::outcome::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An entity as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntitySnapshot {
    pub version: u64,
    pub attributes: Map<String, Value>,
}

/// Snapshots by schema and id. An entity that is not here counts as missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entities(BTreeMap<(String, String), EntitySnapshot>);

impl Entities {
    /// None at all.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds or replaces one.
    #[must_use]
    pub fn with(mut self, entity: EntityRef, snapshot: EntitySnapshot) -> Self {
        self.insert(entity, snapshot);
        self
    }

    /// Adds or replaces one.
    pub fn insert(&mut self, entity: EntityRef, snapshot: EntitySnapshot) {
        self.0.insert((entity.schema, entity.id), snapshot);
    }

    /// The snapshot of an entity.
    pub fn get(&self, entity: &EntityRef) -> Option<&EntitySnapshot> {
        // A borrowed pair cannot be looked up in a map of owned pairs; these are short.
        self.0.get(&(entity.schema.clone(), entity.id.clone()))
    }
}

/// What one change of an entity did to its attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDiff {
    pub entity: EntityRef,
    #[serde(default)]
    pub added: BTreeSet<String>,
    #[serde(default)]
    pub updated: BTreeSet<String>,
    #[serde(default)]
    pub deleted: BTreeSet<String>,
}

impl EntityDiff {
    /// `added`, `updated` or `deleted`, when the attribute was touched.
    pub fn of(&self, attribute: &str) -> Option<&'static str> {
        let sets = [("added", &self.added), ("updated", &self.updated), ("deleted", &self.deleted)];
        sets.into_iter().find(|(_, set)| set.contains(attribute)).map(|(name, _)| name)
    }
}

/// Follows a dotted path; a key that itself holds dots wins.
pub(super) fn look_up<'a>(attributes: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = attributes.get(path) {
        return Some(value);
    }
    let (head, rest) = path.split_once('.')?;
    match attributes.get(head)? {
        Value::Object(inner) => look_up(inner, rest),
        _ => None,
    }
}

/// The items of a value: arrays and `{"$relation…": […]}` wrappers are opened; null, "" and [] are no item.
pub(super) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::Array(list) => list.iter().flat_map(items).collect(),
        Value::Object(object) => match object.iter().find(|(key, _)| key.starts_with("$relation")) {
            Some((_, list)) => items(list),
            None => vec![value],
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![value],
    }
}

/// Resolves variable assignees from the primary entity. What cannot be resolved keeps an empty value.
pub(super) fn resolve(assignees: &[Assignee], primary: Option<&EntitySnapshot>) -> Vec<Assignee> {
    let resolve = |assignee: &Assignee| match assignee {
        Assignee::User(id) => Assignee::User(id.clone()),
        Assignee::Variable { variable, .. } => Assignee::Variable {
            variable: variable.clone(),
            value: primary.map(|p| users(variable, &p.attributes)).unwrap_or_default(),
        },
    };
    assignees.iter().map(resolve).collect()
}

/// `{{entity.owner}}` → the user ids the attribute `owner` names.
fn users(variable: &str, attributes: &Map<String, Value>) -> Vec<String> {
    let path = variable.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
    let Some((_, attribute)) = path.split_once('.') else { return Vec::new() };
    let value = look_up(attributes, attribute);
    value.map(items).unwrap_or_default().into_iter().filter_map(user_id).collect()
}

fn user_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => {
            ["user_id", "userId", "id", "entity_id"].iter().find_map(|key| object.get(*key)).and_then(user_id)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}
