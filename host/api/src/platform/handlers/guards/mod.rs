//! Transition guards bound to HydraCore records of a type.

pub mod bind;
pub mod get;
pub mod list;
pub mod unbind;

use crate::kit::{ApiError, ApiResult};
use stepwright_engine::record::WorkflowType;

/// The type named in a path; a word nobody knows is answered like a type without a guard.
fn type_of(text: &str) -> ApiResult<WorkflowType> {
    WorkflowType::parse(text).ok_or(ApiError::App(stepwright_app::AppError::NotFound("guard")))
}
