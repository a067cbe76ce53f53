//! The sandbox: runs WebAssembly components for tenants who trust neither each other nor us.
//!
//! A component is inspected when it is published ([`inspect`](stepwright_app::ports::Sandbox::inspect)), compiled in a
//! limited child process, kept as authenticated native code, and then called: each call in a fresh instance under
//! limits that are always finite, with exactly the doors open that it imports and its tenant has granted.
//!
//! Architecture invariant: this is the only crate that knows wasmtime; it knows neither SQL nor HTTP servers.

mod agents;
mod bindings;
mod cache;
mod call;
mod compile;
mod conditions;
mod config;
pub mod egress;
pub mod engine;
mod faults;
mod frozen;
mod guards;
mod hosts;
mod inspect;
mod json;
mod limits;
mod linker;
mod logs;
mod outcome;
mod ready;
mod registry;
mod room;
mod sandbox;
mod state;

pub use compile::compile_worker_main;
pub use config::{CompileMode, MAX_MEMORY, MacKey, SandboxConfig};
pub use egress::{EgressPolicy, Resolver, SystemResolver};
pub use sandbox::{PoolUse, SetupError, WasmSandbox};
