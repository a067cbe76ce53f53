//! One attribute of a mapping (source: epilot's published `mapping_attributes`).

use serde_json::Map;
use stepwright_sdk::prelude::*;

use crate::path;
use crate::scope::Scope;
use crate::text::{check_value, filled_value};

/// How the target gets its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The source's value, when it has one.
    #[default]
    #[serde(alias = "copy-if-exists")]
    CopyIfExists,
    /// The source's value is added to the target's list, unless it is there.
    #[serde(alias = "append-if-exists")]
    AppendIfExists,
    /// The value given here.
    #[serde(alias = "set-value")]
    SetValue,
    /// As `copy_if_exists`; and the entity to write to is looked for by it.
    #[serde(alias = "upsert-match")]
    UpsertMatch,
}

/// One attribute.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The attribute to write, or a path inside one: `address.city`.
    #[schemars(length(min = 1, max = 500))]
    target: String,
    #[serde(default)]
    mode: Mode,
    /// A path inside the entity the automation runs on: `steps[1].price`. For every mode but `set_value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    source: Option<String>,
    /// For `set_value`: any JSON, whose texts may hold placeholders; one that stands for nothing takes the attribute
    /// away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<Value>,
}

/// A null that is written is not the same as nothing.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A mapping's value, ready to be written.
pub struct Mapped {
    pub path: Vec<String>,
    pub mode: Mode,
    pub value: Value,
}

impl Mapping {
    /// What it comes to in this run; nothing when its source has no value.
    pub fn mapped(&self, scope: &Scope<'_>) -> Result<Option<Mapped>, Fault> {
        let read = |text: &str| path::parse(text).map_err(|why| Fault::new(Fault::INVALID_CONFIG, why));
        let value = match (self.mode, &self.value, &self.source) {
            (Mode::SetValue, Some(value), _) => filled_value(value, scope)?,
            (Mode::SetValue, None, _) | (_, _, None) => return Ok(None),
            (Mode::CopyIfExists | Mode::AppendIfExists | Mode::UpsertMatch, _, Some(source)) => {
                match path::get(scope.entity()?, &read(source)?) {
                    None | Some(Value::Null) => return Ok(None),
                    Some(value) => value.clone(),
                }
            }
        };
        Ok(Some(Mapped { path: read(&self.target)?, mode: self.mode, value }))
    }

    /// Whether the target is looked for by it.
    pub fn is_match(&self) -> bool {
        self.mode == Mode::UpsertMatch
    }

    /// Whether it writes to this place.
    pub fn is_to(&self, path: &[String]) -> bool {
        path::parse(&self.target).is_ok_and(|target| target == path)
    }

    /// What is wrong with it, below `pointer`.
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let at = |member: &str| format!("{pointer}/{member}");
        match path::parse(&self.target) {
            Err(why) => errors.push(FieldError::new(at("target"), why)),
            Ok(path) if path[0].starts_with('_') => {
                let rule = "attributes that begin with `_` are the host's";
                errors.push(FieldError::new(at("target"), rule));
            }
            Ok(_) => {}
        }
        match (self.mode, &self.source, &self.value) {
            (Mode::SetValue, source, value) => {
                if source.is_some() {
                    errors.push(FieldError::new(at("source"), "`set_value` takes a `value`, no `source`"));
                }
                match value {
                    None => errors.push(FieldError::new(at("value"), "`set_value` needs a `value`")),
                    Some(value) => errors.extend(check_value(&at("value"), value)),
                }
            }
            (Mode::CopyIfExists | Mode::AppendIfExists | Mode::UpsertMatch, source, value) => {
                if value.is_some() {
                    errors.push(FieldError::new(at("value"), "only `set_value` takes a `value`"));
                }
                match source {
                    None => errors.push(FieldError::new(at("source"), "a `source` is needed")),
                    Some(source) => {
                        errors.extend(path::parse(source).err().map(|why| FieldError::new(at("source"), why)));
                    }
                }
            }
        }
        errors
    }
}

impl Mapped {
    /// Writes it into attributes.
    pub fn apply(self, attributes: &mut Map<String, Value>) {
        let Self { path, mode, value } = self;
        let value = match mode {
            Mode::AppendIfExists => {
                let whole = Value::Object(std::mem::take(attributes));
                let there = path::get(&whole, &path).cloned().unwrap_or_default();
                if let Value::Object(whole) = whole {
                    *attributes = whole;
                }
                appended(there, value)
            }
            Mode::CopyIfExists | Mode::SetValue | Mode::UpsertMatch => value,
        };
        path::set(attributes, &path, value);
    }
}

/// A list with more in it; what it holds already is not added again.
fn appended(there: Value, more: Value) -> Value {
    let mut list = match there {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        single => vec![single],
    };
    let more = match more {
        Value::Array(items) => items,
        single => vec![single],
    };
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    Value::Array(list)
}
