//! JSON that is carried, not looked into.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// JSON text known to be valid, kept as text so that passing it on costs no parse and no reformatting.
///
/// Must not sit below an internally tagged or flattened serde type: those buffer and lose the text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Serializes any value.
    ///
    /// # Errors
    /// When `value` has a map with keys that are no strings.
    pub fn of<T: Serialize>(value: &T) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// Checks and keeps a text.
    ///
    /// # Errors
    /// When `text` is not JSON.
    pub fn parse_text(text: String) -> serde_json::Result<Self> {
        RawValue::from_string(text).map(Self)
    }

    /// The empty object, the neutral config and input.
    pub fn empty_object() -> Self {
        Self::from(serde_json::json!({}))
    }

    /// JSON `null`.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text, to be kept on its own.
    pub fn into_text(self) -> String {
        Box::<str>::from(self.0).into_string()
    }

    /// Reads the text as `T`.
    ///
    /// # Errors
    /// When the JSON does not have `T`'s shape.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.0.get())
    }

    /// The text as a dynamic value; `null` can only stand for `null` since the text is known to be valid.
    pub fn to_value(&self) -> serde_json::Value {
        self.read().unwrap_or_default()
    }
}

/// For optional members in which `null` is a value and only absence is none; needs `#[serde(default)]` beside it.
///
/// # Errors
/// When the member is not JSON.
pub fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<RawJson>, D::Error> {
    RawJson::deserialize(deserializer).map(Some)
}

impl From<&serde_json::Value> for RawJson {
    fn from(value: &serde_json::Value) -> Self {
        // A `Value` always serializes: its keys are strings and its numbers finite.
        Self::of(value).unwrap_or_else(|_| Self::null())
    }
}

impl From<serde_json::Value> for RawJson {
    fn from(value: serde_json::Value) -> Self {
        Self::from(&value)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Default for RawJson {
    fn default() -> Self {
        Self::null()
    }
}
