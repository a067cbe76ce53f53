//! The vendors' own clients against the real server.

mod aimock;
mod epilot;
mod hydracore;
pub mod mcp;
mod python;
mod real_model;
mod schemathesis;
mod softsolz;
