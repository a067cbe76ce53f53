//! Texts with placeholders.
//!
//! | placeholder | stands for |
//! |---|---|
//! | `{{entity.first_name}}` | an attribute of the entity the automation runs on; also `_id` and `_schema` |
//! | `{{outputs.0.id}}` | a member of the output of an earlier action, counted from 0 |
//! | `{{input.a}}` | a member of the execution's input |
//! | `{{trigger.source}}` | a member of what set the execution off |
//! | `{{secret.name}}` | a secret, in headers of webhooks only |
//! | `{{{{` | `{{` |
//!
//! A placeholder that names none of these is refused when the config is validated; one whose path leads nowhere when
//! the step runs stands for nothing.

use serde_json::Value;
use stepwright_sdk::{Fault, FieldError};

use crate::path;
use crate::scope::{Root, Scope};

/// A text that has been read.
#[derive(Debug, PartialEq, Eq)]
pub struct Text(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Value { root: Root, path: Vec<String> },
}

impl Text {
    /// Reads a text; otherwise says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read = Self::parse_with_secrets(text)?;
        let secret = |part: &Part| matches!(part, Part::Value { root: Root::Secret, .. });
        if read.0.iter().any(secret) {
            return Err("secrets may stand in headers of webhooks only".to_owned());
        }
        Ok(read)
    }

    /// As [`Self::parse`], with secrets.
    pub fn parse_with_secrets(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            parts.push(Part::Literal(before.to_owned()));
            rest = match after.strip_prefix("{{") {
                Some(after) => {
                    parts.push(Part::Literal("{{".to_owned()));
                    after
                }
                None => {
                    let (name, after) = after.split_once("}}").ok_or_else(|| {
                        format!("`{{{{` at byte {} is not closed by `}}}}`", text.len() - after.len() - 2)
                    })?;
                    parts.push(Part::placeholder(name.trim())?);
                    after
                }
            };
        }
        parts.push(Part::Literal(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
        Ok(Self(parts))
    }

    /// Whether anything in it depends on the run.
    pub fn is_constant(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// The text it makes.
    pub fn fill(&self, scope: &Scope<'_>) -> Result<String, Fault> {
        self.fill_with(scope, |value| value)
    }

    /// As [`Self::fill`], with what is filled in written in another way.
    pub fn fill_with(&self, scope: &Scope<'_>, write: impl Fn(String) -> String) -> Result<String, Fault> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Value { root, path } => text.push_str(&write(shown(&scope.value(*root, path)?))),
            }
        }
        Ok(text)
    }

    /// The value it makes: a text that is one placeholder and nothing else keeps the type of what it stands for.
    fn fill_value(&self, scope: &Scope<'_>) -> Result<Value, Fault> {
        match self.0.as_slice() {
            [Part::Value { root, path }] => scope.value(*root, path),
            _ => self.fill(scope).map(Value::String),
        }
    }
}

impl Part {
    fn placeholder(name: &str) -> Result<Self, String> {
        let unknown = || {
            let known = "`entity.…`, `outputs.<number>.…`, `input.…` and `trigger.…`";
            format!("unknown placeholder `{{{{{name}}}}}`, known are {known}")
        };
        let mut path = path::parse(name).map_err(|_| unknown())?;
        let root = match path.remove(0).as_str() {
            "entity" => Root::Entity,
            "outputs" => Root::Outputs,
            "input" => Root::Input,
            "trigger" => Root::Trigger,
            "secret" => Root::Secret,
            _ => return Err(unknown()),
        };
        // The entity and the input may be meant as a whole.
        let complete = !path.is_empty() || matches!(root, Root::Entity | Root::Input);
        if complete { Ok(Self::Value { root, path }) } else { Err(unknown()) }
    }
}

/// A config's text as it was checked.
pub fn filled(text: &str, scope: &Scope<'_>) -> Result<String, Fault> {
    Text::parse_with_secrets(text).map_err(|why| Fault::new(Fault::INVALID_CONFIG, why))?.fill(scope)
}

/// A JSON value with the placeholders in its texts filled in.
pub fn filled_value(value: &Value, scope: &Scope<'_>) -> Result<Value, Fault> {
    Ok(match value {
        Value::String(text) => {
            Text::parse(text).map_err(|why| Fault::new(Fault::INVALID_CONFIG, why))?.fill_value(scope)?
        }
        Value::Array(items) => items.iter().map(|item| filled_value(item, scope)).collect::<Result<_, _>>()?,
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| Ok((name.clone(), filled_value(value, scope)?)))
                .collect::<Result<_, Fault>>()?,
        ),
        other => other.clone(),
    })
}

/// What is wrong with the texts of a JSON value, each at its place below `pointer`.
pub fn check_value(pointer: &str, value: &Value) -> Vec<FieldError> {
    match value {
        Value::String(text) => Text::parse(text).err().map(|why| FieldError::new(pointer, why)).into_iter().collect(),
        Value::Array(items) => {
            let each = items.iter().enumerate();
            each.flat_map(|(at, item)| check_value(&format!("{pointer}/{at}"), item)).collect()
        }
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| {
                check_value(&format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), value)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A value inside a text: text as it is, nothing for null, anything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
