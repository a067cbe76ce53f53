//! Templates: plain text with placeholders.
//!
//! | placeholder | stands for |
//! |---|---|
//! | `{{summaries}}` | the summaries the step delivers |
//! | `{{input.a.b}}` | a member of the execution's input; `{{input.items.0}}` the first of an array |
//! | `{{outputs.node.a}}` | a member of the output of a node that has completed |
//! | `{{trigger.source}}` | a member of what set the execution off |
//! | `{{{{` | `{{` |
//!
//! Spaces inside the braces do not matter. A placeholder that names none of these is refused when the config is
//! validated; one whose path leads nowhere when the step runs stands for nothing. Text and numbers are shown as they
//! are, `{"cents": 1050, "currency": "EUR"}` as an amount, anything else as JSON. In the HTML part of a mail all of it
//! is escaped.

use business::{Figure, Summary};
use serde::Deserialize;
use serde_json::Value;
use stepwright_sdk::{Fault, Input};

use crate::body::Body;

/// A template that has been read.
#[derive(Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Summaries,
    Value { root: Root, path: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Input,
    Outputs,
    Trigger,
}

impl Template {
    /// Reads a template; otherwise says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            parts.push(Part::Text(before.to_owned()));
            rest = match after.strip_prefix("{{") {
                Some(after) => {
                    parts.push(Part::Text("{{".to_owned()));
                    after
                }
                None => {
                    let unclosed =
                        || format!("`{{{{` at byte {} is not closed by `}}}}`", text.len() - after.len() - 2);
                    let (name, after) = after.split_once("}}").ok_or_else(unclosed)?;
                    parts.push(Part::placeholder(name.trim())?);
                    after
                }
            };
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Whether the summaries are part of it.
    pub fn has_summaries(&self) -> bool {
        self.0.contains(&Part::Summaries)
    }

    /// The body it makes of a step's input.
    pub fn fill(&self, input: &Input, summaries: &[Summary]) -> Result<Body, Fault> {
        let mut body = Body::default();
        for part in &self.0 {
            match part {
                Part::Text(text) => body.push(text),
                Part::Summaries => body.push_summaries(summaries),
                Part::Value { root, path } => body.push(&shown(root.value(path, input)?)),
            }
        }
        Ok(body)
    }
}

impl Part {
    fn placeholder(name: &str) -> Result<Self, String> {
        if name == "summaries" {
            return Ok(Self::Summaries);
        }
        let mut steps = name.split('.');
        let root = match steps.next() {
            Some("input") => Root::Input,
            Some("outputs") => Root::Outputs,
            Some("trigger") => Root::Trigger,
            _ => return Err(unknown(name)),
        };
        let path: Vec<String> = steps.map(str::to_owned).collect();
        // An input may be a text as a whole; the outputs and the trigger are objects.
        let complete = !path.is_empty() || root == Root::Input;
        if !complete || path.iter().any(String::is_empty) {
            return Err(unknown(name));
        }
        Ok(Self::Value { root, path })
    }
}

fn unknown(name: &str) -> String {
    let known = "`summaries`, `input.…`, `outputs.<node>.…` and `trigger.…`";
    format!("unknown placeholder `{{{{{name}}}}}`, known are {known}")
}

impl Root {
    fn value(self, path: &[String], input: &Input) -> Result<Value, Fault> {
        let (value, path) = match (self, path) {
            (Self::Input, path) => (input.parse()?, path),
            (Self::Outputs, [node, path @ ..]) => (input.output::<Value>(node)?.unwrap_or_default(), path),
            (Self::Outputs, []) => (Value::Null, path),
            (Self::Trigger, path) => (serde_json::to_value(&input.trigger)?, path),
        };
        Ok(path.iter().try_fold(&value, |value, step| member(value, step)).cloned().unwrap_or_default())
    }
}

fn member<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

fn shown(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        // Text, a number or an amount of money.
        value => Figure::deserialize(&value).map_or_else(|_| value.to_string(), |figure| figure.to_string()),
    }
}
