//! What a step is given besides its config.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::is_object;
use crate::{EntityRef, Fault};

/// The input of a step. JSON parts stay text until they are asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Input {
    #[serde(default, rename = "input")]
    value: Option<Box<RawValue>>,
    #[serde(default)]
    outputs: Outputs,
    /// What set the execution off.
    #[serde(default)]
    pub trigger: Trigger,
    /// The entity the execution is about.
    #[serde(default)]
    pub entity: Option<EntityRef>,
    #[serde(skip)]
    resume: Option<String>,
}

/// What set an execution off.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct Trigger {
    /// `manual`, `schedule`, `event` and the like.
    #[serde(default)]
    pub source: String,
    /// The instant the schedule named, RFC 3339.
    #[serde(default)]
    pub scheduled_for: Option<String>,
    /// The event that matched.
    #[serde(default)]
    pub event: Option<Value>,
}

impl Input {
    /// An input for tests: the execution's own input and nothing else.
    pub fn new(value: impl Serialize) -> Self {
        Self { value: serde_json::value::to_raw_value(&value).ok(), ..Self::default() }
    }

    /// Adds the output of a node that has completed.
    #[must_use]
    pub fn with_output(mut self, node: &str, output: impl Serialize) -> Self {
        self.outputs.0.extend(serde_json::value::to_raw_value(&output).ok().map(|raw| (node.to_owned(), raw)));
        self
    }

    /// Sets what the execution is about.
    #[must_use]
    pub fn with_entity(mut self, schema: &str, id: &str) -> Self {
        self.entity = Some(EntityRef::new(schema, id));
        self
    }

    /// Sets what set the execution off.
    #[must_use]
    pub fn with_trigger(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// Sets what a call-back handed over.
    #[must_use]
    pub fn with_resume(mut self, data: impl Serialize) -> Self {
        self.resume = serde_json::to_string(&data).ok();
        self
    }

    /// The execution's input as a type of yours.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        decode(self.value.as_deref(), "input")
    }

    /// The output of a node that has completed, `None` when there is no such node.
    pub fn output<T: DeserializeOwned>(&self, node: &str) -> Result<Option<T>, Fault> {
        let raw = self.outputs.0.iter().find(|(name, _)| name == node);
        raw.map(|(_, raw)| decode(Some(raw), &format!("output of `{node}`"))).transpose()
    }

    /// The nodes that have completed, in order.
    pub fn completed(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.outputs.0.iter().map(|(node, _)| node.as_str())
    }

    /// The output of the node that completed last.
    pub fn last_output<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault> {
        let last = self.outputs.0.last();
        last.map(|(node, raw)| decode(Some(raw), &format!("output of `{node}`"))).transpose()
    }

    /// What the caller handed over when this call follows a wait.
    pub fn resume<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault> {
        let Some(text) = &self.resume else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| invalid("resume data", &error))
    }

    /// The entity the execution is about, or a fault that says it needs one.
    pub fn require_entity(&self) -> Result<&EntityRef, Fault> {
        self.entity
            .as_ref()
            .ok_or_else(|| Fault::new(Fault::INVALID_INPUT, "this step needs an execution about an entity"))
    }

    pub(crate) fn from_text(text: &str, resume: Option<String>) -> Result<Self, Fault> {
        if !is_object(text) {
            return Err(Fault::new(Fault::INVALID_INPUT, "input: expected a JSON object"));
        }
        let mut input: Self = serde_json::from_str(text).map_err(|error| invalid("input", &error))?;
        input.resume = resume;
        Ok(input)
    }
}

impl From<Value> for Input {
    fn from(value: Value) -> Self {
        Self::new(value)
    }
}

fn decode<T: DeserializeOwned>(raw: Option<&RawValue>, what: &str) -> Result<T, Fault> {
    serde_json::from_str(raw.map_or("null", RawValue::get)).map_err(|error| invalid(what, &error))
}

fn invalid(what: &str, error: &serde_json::Error) -> Fault {
    Fault::new(Fault::INVALID_INPUT, format!("{what}: {error}"))
}

/// A JSON object in the order it was written.
#[derive(Debug, Clone, Default)]
struct Outputs(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Outputs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of outputs by node")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outputs, A::Error> {
                let mut outputs = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(entry) = map.next_entry()? {
                    outputs.push(entry);
                }
                Ok(Outputs(outputs))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
