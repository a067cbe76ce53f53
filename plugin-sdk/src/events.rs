//! Events inside the tenant; definitions with a matching event trigger start. Grant: `events: true`.

use serde::Serialize;

use crate::HostError;
use crate::sys::events as sys;

/// Stages an event. The kind is dotted lower case, such as `invoice.overdue`; the data a JSON object.
pub fn emit(kind: &str, data: &impl Serialize) -> Result<(), HostError> {
    let data = serde_json::to_string(data).map_err(|error| HostError::not_json(&error))?;
    Ok(sys::emit(kind, &data)?)
}
