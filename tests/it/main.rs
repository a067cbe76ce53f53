//! The whole host under test: one binary, its tree mirrors the APIs.
//!
//! `support::host` runs a host in this process with a simulated clock; `support::process` runs the real binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something it counts on is missing")]

mod agents;
mod clients;
mod coverage;
mod demo;
mod durability;
mod epilot;
mod flows;
mod hydracore;
mod lens;
mod platform;
mod smartmca;
mod softsolz;
mod support;
mod walk;
