//! Use cases and ports: the only way to the engine, the store and the sandbox.
//!
//! A use case authorizes, loads, applies a pure transition and saves the result in one commit. Dialects translate
//! to and from these calls and decide nothing themselves. Architecture invariant: no SQL, no axum, no wasmtime.

pub mod caches;
pub mod driver;
pub mod error;
pub mod face;
pub mod model;
pub mod ports;
pub mod session;
pub mod usecases;

mod app;

pub use app::{App, AppConfig, Builtin, Parts};
pub use driver::Heartbeats;
pub use error::{AppError, AppResult, FieldFault};
pub use model::*;
