//! Configs between JSON text and typed values.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_path_to_error::Segment;

use crate::FieldError;

/// The config of a step that has nothing to configure.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct NoConfig {}

/// What a typed config must be able to do; implemented by deriving the three traits.
pub trait Config: DeserializeOwned + Serialize + JsonSchema {}

impl<T: DeserializeOwned + Serialize + JsonSchema> Config for T {}

/// Reads a config; what is wrong with it is reported with its place.
pub(crate) fn parse<C: DeserializeOwned>(text: &str) -> Result<C, Vec<FieldError>> {
    if !is_object(text) {
        return Err(vec![FieldError::new("", "expected a JSON object")]);
    }
    // Following the place takes as long as reading, and nearly always there is nothing to tell about it.
    if let Ok(config) = serde_json::from_str(text) {
        return Ok(config);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let config = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| vec![FieldError::new(json_pointer(error.path()), message(error.inner()))])?;
    deserializer.end().map_err(|error| vec![FieldError::new("", error.to_string())])?;
    Ok(config)
}

/// Reads a config, asks the author's own check, and writes it with its defaults filled in.
pub(crate) fn normalise<C: Config>(
    text: &str,
    check: impl FnOnce(&C) -> Result<(), Vec<FieldError>>,
) -> Result<String, Vec<FieldError>> {
    let config = parse::<C>(text)?;
    check(&config)?;
    serde_json::to_string(&config).map_err(|error| vec![FieldError::new("", error.to_string())])
}

/// The schema a config is read by.
pub(crate) fn input_schema<T: JsonSchema>() -> String {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    generator.into_root_schema_for::<T>().as_value().to_string()
}

/// The schema an output is written by.
pub(crate) fn output_schema<T: JsonSchema>() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<T>().as_value().to_string()
}

/// Whether a text can only be a JSON object; serde's structs would be read from arrays too.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // Externally tagged enums: the variant is a key of the JSON text.
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// serde_json's message without its line and column, which mean nothing to somebody who fills in a form.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The errors a config check may return: nothing, a list, or a `Result` of either.
pub trait Findings {
    /// As the macros need it.
    fn into_result(self) -> Result<(), Vec<FieldError>>;
}

impl Findings for Vec<FieldError> {
    fn into_result(self) -> Result<(), Vec<FieldError>> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Findings for Result<(), Vec<FieldError>> {
    fn into_result(self) -> Result<(), Vec<FieldError>> {
        self
    }
}

impl Findings for Result<(), FieldError> {
    fn into_result(self) -> Result<(), Vec<FieldError>> {
        self.map_err(|error| vec![error])
    }
}
