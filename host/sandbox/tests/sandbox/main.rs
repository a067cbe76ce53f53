//! The sandbox with real guests (tests/guests, built by `cargo xtask plugins --guests`).

mod calls;
mod compiling;
mod egress;
mod fixture;
mod inspecting;
mod limits;
mod server;
mod store;
