//! What may be asked of an execution. Everything that happens outside comes back as one of these.

use crate::{Metering, Outcome, RawJson, TaskId};

/// A request to change an execution.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A worker takes a pending execution up.
    Begin,
    /// A worker's invocation of exactly this attempt has ended.
    InvocationFinished {
        task: TaskId,
        attempt: u32,
        outcome: Outcome,
        metering: Metering,
    },
    /// The clock has reached [`crate::Execution::next_due`].
    TimerFired,
    /// What a deferred task waits for has happened: it need not wait any longer.
    WakeDeferred {
        task: TaskId,
    },
    /// A person completes a manual task.
    CompleteTask {
        task: TaskId,
        output: RawJson,
    },
    /// A person skips a manual task.
    SkipTask {
        task: TaskId,
        reason: String,
    },
    /// Somebody calls back a waiting task.
    ResumeTask {
        resume_key: String,
        data: RawJson,
    },
    /// Stops the execution where it stands; running invocations still report.
    Pause,
    /// Goes on after a pause; a failed node runs again with all its attempts.
    Resume,
    /// Runs the failed nodes of a failed execution again.
    Retry,
    Cancel {
        reason: Option<String>,
    },
}

impl Command {
    /// The name in errors and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::InvocationFinished { .. } => "finish an invocation",
            Self::TimerFired => "fire a timer",
            Self::WakeDeferred { .. } => "wake a deferred task",
            Self::CompleteTask { .. } => "complete a task",
            Self::SkipTask { .. } => "skip a task",
            Self::ResumeTask { .. } => "resume a task",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Cancel { .. } => "cancel",
        }
    }
}
