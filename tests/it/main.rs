//! The whole host under test: one binary, its tree mirrors the APIs.
//!
//! `support::host` runs a host in this process with a simulated clock; `support::process` runs the real binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something it counts on is missing")]

mod clients;
mod coverage;
mod durability;
mod epilot;
mod lens;
mod platform;
mod smartmca;
mod softsolz;
mod support;
mod walk;
