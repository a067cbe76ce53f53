//! V1 definitions: the templates, shown as sections and steps.

pub mod closing_reasons;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod replace;
pub mod set_closing_reasons;
