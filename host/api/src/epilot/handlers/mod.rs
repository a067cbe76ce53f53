//! One operation a file: permission and arguments, translation, one call of the application, translation.

pub mod closing_reasons;
pub mod definitions;
pub mod executions_v1;
pub mod flows;
pub mod max_allowed;
pub mod templates;
