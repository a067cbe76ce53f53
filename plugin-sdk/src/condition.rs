//! Decision conditions. Deterministic: the host freezes the clock and seeds the random source.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::conditions::exports::stepwright::condition::conditions as wit;
/// An operand whose values are still the JSON text that the host has sent.
pub use crate::bindings::conditions::exports::stepwright::condition::conditions::Operand as RawOperand;
use crate::config::{self, Config};
use crate::{Context, Fault, FieldError};

/// What catalogues show about a condition or a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// `[a-z][a-z0-9_-]{0,63}`, unique in the plugin.
    pub id: &'static str,
    /// A short name for people.
    pub title: &'static str,
    /// What it decides.
    pub description: &'static str,
}

/// A condition type.
pub trait Condition {
    /// The config of a statement.
    type Config: Config;

    /// What catalogues show.
    const INFO: Info;

    /// Whether a statement about the operands holds.
    fn evaluate(context: &Context, config: &Self::Config, operands: &[Operand]) -> Result<Verdict, Fault>;

    /// As [`Self::evaluate`], from the JSON text of the values. A [`Value`] holds numbers as binary floats; a condition
    /// that must see every digit implements this too.
    fn evaluate_raw(context: &Context, config: &Self::Config, operands: &[RawOperand]) -> Result<Verdict, Fault> {
        let operands = operands.iter().map(Operand::from_raw).collect::<Result<Vec<_>, _>>()?;
        Self::evaluate(context, config, &operands)
    }

    /// Checks what the config's type cannot say.
    fn validate(_config: &Self::Config) -> Result<(), Vec<FieldError>> {
        Ok(())
    }
}

/// What a statement is about, resolved by the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// The attribute's values; empty when it is missing.
    pub values: Vec<Value>,
    /// The attribute's type in the entity's schema.
    pub attribute_type: String,
    /// Whether the attribute may have several values.
    pub repeatable: bool,
    /// Whether the entity has the attribute.
    pub present: bool,
    /// `updated`, `added` or `deleted`, when the trigger's diff says so.
    pub diff: Option<String>,
}

impl Operand {
    /// An operand with these values, for tests.
    pub fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        Self {
            repeatable: values.len() > 1,
            present: !values.is_empty(),
            attribute_type: String::new(),
            diff: None,
            values,
        }
    }

    /// Reads the values.
    pub fn from_raw(raw: &RawOperand) -> Result<Self, Fault> {
        let values = raw.values.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?;
        Ok(Self {
            values,
            attribute_type: raw.attribute_type.clone(),
            repeatable: raw.repeatable,
            present: raw.present,
            diff: raw.diff.clone(),
        })
    }

    /// Writes the values as JSON text.
    pub fn to_raw(&self) -> RawOperand {
        RawOperand {
            values: self.values.iter().map(Value::to_string).collect(),
            attribute_type: self.attribute_type.clone(),
            repeatable: self.repeatable,
            present: self.present,
            diff: self.diff.clone(),
        }
    }

    /// The first value as a type of yours, `None` when it is missing or something else.
    pub fn first<T: DeserializeOwned>(&self) -> Option<T> {
        self.values.first().and_then(|value| T::deserialize(value).ok())
    }
}

/// A condition's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the statement holds.
    pub met: bool,
    /// Why, for people.
    pub explain: String,
}

impl Verdict {
    /// An answer and why.
    pub fn new(met: bool, explain: impl Into<String>) -> Self {
        Self { met, explain: explain.into() }
    }
}

/// A condition without its types, as the plugin's table holds it.
#[derive(Debug, Clone, Copy)]
pub struct ConditionEntry {
    /// What catalogues show.
    pub info: &'static Info,
    schema: fn() -> String,
    validate: fn(&str) -> Result<String, Vec<FieldError>>,
    evaluate: fn(&Context, &str, &[RawOperand]) -> Result<Verdict, Fault>,
}

impl ConditionEntry {
    /// The entry of a condition.
    pub const fn of<C: Condition>() -> Self {
        Self {
            info: &C::INFO,
            schema: config::input_schema::<C::Config>,
            validate: |text| config::normalise(text, C::validate),
            evaluate: |context, config, operands| {
                let config = config::parse(config).map_err(|errors| Fault::invalid_config(&errors))?;
                C::evaluate_raw(context, &config, operands)
            },
        }
    }

    /// The config with defaults filled in, or everything that is wrong with it.
    pub fn validate(&self, config: &str) -> Result<String, Vec<FieldError>> {
        (self.validate)(config)
    }

    /// Evaluates one statement.
    pub fn evaluate(&self, context: &Context, config: &str, operands: &[RawOperand]) -> Result<Verdict, Fault> {
        (self.evaluate)(context, config, operands)
    }

    pub(crate) fn descriptor(&self) -> wit::Descriptor {
        wit::Descriptor {
            id: self.info.id.to_owned(),
            title: self.info.title.to_owned(),
            description: self.info.description.to_owned(),
            config_schema: (self.schema)(),
        }
    }
}
