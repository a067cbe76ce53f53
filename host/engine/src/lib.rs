//! The pure core: what a definition is, what an execution is, and which transitions are legal.
//!
//! Nothing here knows a clock, a random source, a database, a socket or a sandbox: time, ids and jitter
//! arrive as arguments ([`Env`]) and everything that must happen outside leaves as data ([`Transition`]).
//! Architecture invariant: this crate depends on neither tokio, sqlx, axum nor wasmtime.

pub mod application;
pub mod command;
pub mod cron;
pub mod decision;
pub mod definition;
pub mod event;
pub mod execution;
pub mod flow;
mod hosting;
pub mod ids;
pub mod json;
pub mod outcome;
pub mod retry;
pub mod task;
pub mod time;
pub mod transition;
pub mod usage;

pub use command::Command;
pub use definition::{
    Definition, DefinitionStatus, Dialect, Edge, Graph, Node, NodeId, NodeKind, OnFailure, StepRef, Trigger,
};
pub use event::{Actor, EventKind, HistoryEvent};
pub use execution::{Execution, ExecutionKind, ExecutionStatus, TriggerInfo, TriggerSource};
pub use hosting::NewExecution;
pub use ids::*;
pub use json::RawJson;
pub use outcome::{Fault, Outcome};
pub use retry::RetryPolicy;
pub use task::{Task, TaskId, TaskState};
pub use time::Timestamp;
pub use transition::{Env, Start, Transition, TransitionError, apply, start};
pub use usage::Metering;
