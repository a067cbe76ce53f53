//! V1 executions and their steps: the flows, shown as sections and steps.

pub mod closing_reasons;
pub mod create;
pub mod create_step;
pub mod delete;
pub mod delete_step;
pub mod get;
pub mod list;
pub mod search;
pub mod search_steps;
pub mod update;
pub mod update_step;

use crate::epilot::error;
use crate::kit::{ApiError, ApiResult};
use stepwright_app::{AppError, AppResult};

/// Refusals in the words of V1. Another tenant's execution and an unknown one have the same answer; a section that is
/// named by the body and not there is the body's fault.
fn told<T>(found: AppResult<T>) -> ApiResult<T> {
    error::execution(found.map_err(|error| match error {
        AppError::NotFound("task") => AppError::NotFound("step"),
        AppError::NotFound("phase") => AppError::Conflict("Invalid sectionId (section not found)".into()),
        other => other,
    }))
}

fn bad_request(message: &str) -> ApiError {
    error::bad_request(message.into())
}
