//! Automations: ordered steps that tasks of flows run by name.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod replace;
