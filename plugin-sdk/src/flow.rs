//! Starts other workflows of the tenant. Grant: `flow: true`.

use serde::Serialize;

use crate::sys::flow as sys;
use crate::{EntityRef, HostError};

/// Stages the start of a definition and returns the execution's id. At most 10 executions deep.
pub fn start(definition_id: &str, input: &impl Serialize) -> Result<String, HostError> {
    launch(definition_id, input, None)
}

/// As [`start`], for an execution about an entity.
pub fn start_about(definition_id: &str, input: &impl Serialize, entity: &EntityRef) -> Result<String, HostError> {
    launch(definition_id, input, Some(entity))
}

fn launch(definition_id: &str, input: &impl Serialize, entity: Option<&EntityRef>) -> Result<String, HostError> {
    let input = serde_json::to_string(input).map_err(|error| HostError::not_json(&error))?;
    Ok(sys::start(definition_id, &input, entity)?)
}
