//! Reading requests as FastAPI reads them: every fault is told at once, by path, query and body (source:
//! contracts/hydracore.md 1A.3; the texts are those of pydantic).

mod body;
mod fields;
mod requests;
#[cfg(test)]
mod tests;
mod values;

pub(super) use body::{Presence, Sent};
pub(super) use requests::{advance, create, page, record_id, resume, suspend};

use super::error::invalid;
use super::wire::Fault;
use crate::kit::{ApiError, ApiResult};
use std::cell::RefCell;

/// Faults gathered while a request is read.
#[derive(Default)]
pub(super) struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// `value`, unless there is a fault.
    ///
    /// # Errors
    /// All of them.
    pub(super) fn or<T>(self, value: Option<T>) -> ApiResult<T> {
        let faults = self.0.into_inner();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            // Without a value there is a fault.
            Some(_) | None => Err(if faults.is_empty() { ApiError::Panic } else { invalid(faults) }),
        }
    }
}
