//! The capabilities: host functions that guests may call, one small file for each WIT package.
//!
//! They only translate. What a call may do and what it stages is decided by `Session`, whose errors are the WIT's
//! `host-error` one by one.

pub mod agent;
mod data;
mod entities;
mod events;
mod flow;
mod io;
mod kv;
mod log;
mod mail;
mod notify;
mod secrets;

use crate::bindings::types;
use crate::limits::LimitHit;
use crate::state::State;
use stepwright_app::session::HostError;
use stepwright_engine::outcome::EntityRef;

/// Why a host call gives no answer.
#[derive(Debug)]
pub enum Refusal {
    /// The guest is told.
    Host(HostError),
    /// The guest is stopped.
    Trap(wasmtime::Error),
}

impl From<HostError> for Refusal {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl From<LimitHit> for Refusal {
    fn from(hit: LimitHit) -> Self {
        Self::Trap(hit.into())
    }
}

impl types::Host for State {
    fn convert_host_error(&mut self, refusal: Refusal) -> wasmtime::Result<types::HostError> {
        match refusal {
            Refusal::Trap(error) => Err(error),
            Refusal::Host(error) => Ok(told(error)),
        }
    }
}

/// As the guest is told.
fn told(error: HostError) -> types::HostError {
    match error {
        HostError::Denied(text) => types::HostError::Denied(text),
        HostError::NotFound => types::HostError::NotFound,
        HostError::Conflict(current) => types::HostError::Conflict(current),
        HostError::Invalid(text) => types::HostError::Invalid(text),
        HostError::Limit(text) => types::HostError::Limit(text),
        HostError::Unavailable(text) => types::HostError::Unavailable(text),
        HostError::NotConfigured(code) => types::HostError::NotConfigured(code),
    }
}

impl From<types::EntityRef> for EntityRef {
    fn from(wit: types::EntityRef) -> Self {
        Self { schema: wit.schema, id: wit.id }
    }
}
