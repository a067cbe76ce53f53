//! The sandbox with real guests (tests/guests, built by `cargo xtask plugins --guests`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agents;
mod calls;
mod compiling;
mod decisions;
mod egress;
mod fixture;
mod inspecting;
mod limits;
mod server;
mod store;
