//! A tenant's settings.

pub mod get;
pub mod patch;
