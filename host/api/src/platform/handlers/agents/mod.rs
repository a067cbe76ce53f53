//! Agents: what AI_AGENT tasks of flows name.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod replace;
