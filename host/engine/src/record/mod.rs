//! Records (HydraCore): long business processes without a definition, whose stage and status are moved by calls
//! (source: contracts/hydracore.md 2A).
//!
//! The state machine stands beside the core's and the flows', pure as well: [`apply`] takes a record, a command and the
//! time, and gives the next record with what has happened. The execution around a record keeps it as its whole state
//! ([`crate::Execution::record`]).

mod apply;
mod command;
mod entry;
mod error;
mod hosted;
mod state;
#[cfg(test)]
mod tests;
mod vocab;

pub use apply::{Amendment, Transition, apply, open};
pub use command::{Advance, Change, Command, Denial};
pub use entry::{Entry, Happening};
pub use error::RecordError;
pub use hosted::NewRecordExecution;
pub use state::{NewRecord, Record, RecordStatus, Suspension};
pub use vocab::{RecordStatusName, WorkflowType};

/// Bytes of a record's state as JSON (source: contracts/hydracore.md 1A.2, Create).
pub const MAX_STATE: usize = 256 << 10;
/// The actor of calls that name none (source: contracts/hydracore.md 1A.2, Advance).
pub const DEFAULT_ACTOR: &str = "agent";
