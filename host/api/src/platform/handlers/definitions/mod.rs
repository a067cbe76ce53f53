//! Native definitions and starting them.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod replace;
pub mod start;
