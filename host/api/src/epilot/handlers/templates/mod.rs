//! V2 flow templates.

pub mod create;
pub mod delete;
pub mod duplicate;
pub mod get;
pub mod list;
pub mod replace;
pub mod search;
