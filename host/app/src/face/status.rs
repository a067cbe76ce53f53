//! Where executions stand: the one table that every dialect's statuses are read off (source: contracts/core-model.md
//! 3.2).

use super::flow;
use stepwright_engine::{Execution, ExecutionStatus, TaskState};

/// Where an execution stands, in words that every dialect has a word for. The store keeps this word beside the
/// document, so that lists find by it what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoreStatus {
    Pending,
    Running,
    /// Nothing runs; a person has to do something.
    Waiting,
    Suspended,
    Paused,
    Completed,
    Failed,
    Cancelled,
    Expired,
}

impl CoreStatus {
    /// Every status, in the order an execution may go through them.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Suspended,
        Self::Paused,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Where the execution stands.
    pub fn of(execution: &Execution) -> Self {
        match &execution.status {
            ExecutionStatus::Pending => Self::Pending,
            ExecutionStatus::Running if waits_for_a_person(execution) => Self::Waiting,
            ExecutionStatus::Running => Self::Running,
            ExecutionStatus::Waiting { .. } => Self::Waiting,
            ExecutionStatus::Suspended { .. } => Self::Suspended,
            ExecutionStatus::Paused { .. } => Self::Paused,
            ExecutionStatus::Completed { .. } => Self::Completed,
            ExecutionStatus::Failed { .. } => Self::Failed,
            ExecutionStatus::Cancelled { .. } => Self::Cancelled,
            ExecutionStatus::Expired { .. } => Self::Expired,
        }
    }

    /// The name on the platform API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// It has not ended.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Waiting | Self::Suspended | Self::Paused => true,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Expired => false,
        }
    }

    /// The names of the statuses that are as wanted: what a dialect's filter asks the store for.
    pub fn names(wanted: impl Fn(Self) -> bool) -> Vec<String> {
        Self::ALL.into_iter().filter(|status| wanted(*status)).map(|status| status.as_str().to_owned()).collect()
    }
}

fn waits_for_a_person(execution: &Execution) -> bool {
    if execution.is_working() || execution.next_due().is_some() {
        return false;
    }
    match &execution.flow {
        Some(flow) => flow::waits_for_a_person(flow),
        None => execution.tasks.iter().any(|t| matches!(t.state, TaskState::Open { .. })),
    }
}
