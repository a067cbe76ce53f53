//! The server: wires store, sandbox and edge to the application, serves HTTP, and sends mail and webhooks.
//!
//! Architecture invariant: here concrete types meet, the configuration is read and the ambient world is touched
//! (clock, randomness, environment); nothing here decides what a workflow does.

pub mod adapters;
pub mod builtins;
pub mod cli;
pub mod commands;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod mail;
pub mod mcp;
pub mod models;
pub mod outbound;
pub mod output;
pub mod readiness;
pub mod serve;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod token;
pub mod webhooks;
pub mod wiring;
