//! Small durable memory of a plugin. Grant: `kv: true`. Keys 1 to 200 bytes, values at most 64 KiB.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::HostError;
use crate::bindings::kv as wit;
use crate::sys::kv as sys;

/// Memory that this execution's steps share.
pub fn execution() -> Store {
    Store(wit::Scope::Execution)
}

/// Memory that all executions of the definition share.
pub fn definition() -> Store {
    Store(wit::Scope::Definition)
}

/// Keys and values of one scope. Never seen by another plugin.
#[derive(Debug, Clone, Copy)]
pub struct Store(wit::Scope);

impl Store {
    /// The value of a key, with what this call has staged.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, HostError> {
        let text = sys::get(self.0, key)?;
        let value = text.map(|text| serde_json::from_str(&text)).transpose();
        value.map_err(|error| HostError::not_json(&error))
    }

    /// Stages a value.
    pub fn put(&self, key: &str, value: &impl Serialize) -> Result<(), HostError> {
        let text = serde_json::to_string(value).map_err(|error| HostError::not_json(&error))?;
        Ok(sys::put(self.0, key, Some(&text))?)
    }

    /// Stages the removal of a key.
    pub fn remove(&self, key: &str) -> Result<(), HostError> {
        Ok(sys::put(self.0, key, None)?)
    }
}
