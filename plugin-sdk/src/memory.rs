//! What an agent keeps from run to run.

use serde_json::Value;

use crate::HostError;
use crate::bindings::memory::Entry as WitEntry;
use crate::sys::memory as sys;

/// Something kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// One more per change, from 1.
    pub version: u64,
    /// Its value.
    pub value: Value,
}

/// What is kept under a key.
pub fn get(key: &str) -> Result<Option<Entry>, HostError> {
    sys::get(key)?.map(entry).transpose()
}

/// Keeps a value, whatever was there, and returns its version.
pub fn put(key: &str, value: &Value) -> Result<u64, HostError> {
    Ok(sys::put(key, &value.to_string(), None)?)
}

/// As [`put`]; refused with a conflict when there is another version. 0 demands that there is none.
pub fn put_if(key: &str, value: &Value, version: u64) -> Result<u64, HostError> {
    Ok(sys::put(key, &value.to_string(), Some(version))?)
}

/// Whether there was something to delete.
pub fn delete(key: &str) -> Result<bool, HostError> {
    Ok(sys::delete(key)?)
}

/// Entries whose keys begin so, in the order of keys, behind `after`; at most 100.
pub fn list(prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, HostError> {
    sys::list(prefix, after, 100)?.into_iter().map(entry).collect()
}

/// The entries that have most of the query's words, best first; at most 20.
pub fn search(query: &str, limit: u32) -> Result<Vec<Entry>, HostError> {
    sys::search(query, limit)?.into_iter().map(entry).collect()
}

fn entry(from: WitEntry) -> Result<Entry, HostError> {
    let value = serde_json::from_str(&from.value).map_err(|error| HostError::not_json(&error))?;
    Ok(Entry { key: from.key, version: from.version, value })
}
