//! Entities: what executions are about.

pub mod delete;
pub mod get;
pub mod history;
pub mod list;
pub mod put;
