//! Business data that steps read.

pub mod import;
pub mod list;

use crate::kit::{ApiError, ApiResult};
use stepwright_app::{AppError, Dataset};

/// The dataset a path names; an unknown one is like any unknown thing.
fn dataset(name: &str) -> ApiResult<Dataset> {
    Dataset::parse(name).map_err(|_| ApiError::App(AppError::NotFound("dataset")))
}
