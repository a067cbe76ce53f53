//! The vendors' own clients against the real server.

mod epilot;
mod hydracore;
mod python;
mod schemathesis;
mod softsolz;
