//! Why a command cannot be applied.

use super::vocab::{StatusName, TaskStatus};
use crate::NodeId;

/// A refusal. The flow is unchanged. Messages are fit for clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    #[error("Execution not found")]
    Deleted,
    #[error("Task not found")]
    UnknownTask(NodeId),
    #[error("Phase not found")]
    UnknownPhase(NodeId),
    #[error("Execution is {}", .0.as_str().to_ascii_lowercase())]
    NotStarted(StatusName),
    #[error("Invalid status transition from {from} to {to}")]
    InvalidTransition { from: TaskStatus, to: TaskStatus },
    #[error("Invalid status transition from {from} to {to}")]
    InvalidFlowTransition { from: StatusName, to: StatusName },
    #[error("Task is disabled")]
    Disabled,
    /// Some other thing about the request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The answer to something nobody waits for any more; callers drop it.
    #[error("attempt {attempt} of task {task} is not awaited")]
    StaleAttempt { task: NodeId, attempt: u32 },
    /// The schedule was used up or replaced in the meantime.
    #[error("schedule {schedule_id} is not armed")]
    StaleSchedule { schedule_id: String },
    #[error("no action waits for this key")]
    UnknownResumeKey,
    /// The command would change nothing; callers drop it.
    #[error("nothing to do")]
    NothingToDo,
}

/// What a caller does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowErrorKind {
    /// What it names does not exist.
    NotFound,
    /// The request is wrong.
    Invalid,
    /// Too late or needless; only workers and timers see this, and drop the command.
    Stale,
}

impl FlowError {
    /// What a caller does about it.
    pub const fn kind(&self) -> FlowErrorKind {
        match self {
            Self::Deleted | Self::UnknownTask(_) | Self::UnknownPhase(_) => FlowErrorKind::NotFound,
            Self::NotStarted(_)
            | Self::InvalidTransition { .. }
            | Self::InvalidFlowTransition { .. }
            | Self::Disabled
            | Self::Invalid(_) => FlowErrorKind::Invalid,
            Self::StaleAttempt { .. } | Self::StaleSchedule { .. } | Self::UnknownResumeKey | Self::NothingToDo => {
                FlowErrorKind::Stale
            }
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}
