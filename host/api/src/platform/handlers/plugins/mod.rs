//! Plugins: publish, enable, try, disable, delete.

pub mod delete;
pub mod disable;
pub mod enable;
pub mod get;
pub mod list;
mod path;
pub mod publish;
pub mod try_step;
