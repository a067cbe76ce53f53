//! Foreign servers of the Model Context Protocol, whose tools agents may use.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod pin;
pub mod replace;
