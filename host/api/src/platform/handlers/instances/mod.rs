//! HydraCore agent instances.

pub mod create;
pub mod list;
