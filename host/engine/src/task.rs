//! A task is one node's work within one execution.

use crate::{Fault, Metering, NodeId, RawJson, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A task's number within its execution, from 0 in the order of the definition's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A task's state with that state's data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Nodes before it have not ended.
    Pending,
    /// Handed to a worker, which answers with an outcome for exactly this attempt.
    Running {
        attempt: u32,
        since: Timestamp,
        #[serde(default, deserialize_with = "crate::json::present", skip_serializing_if = "Option::is_none")]
        resume: Option<RawJson>,
    },
    /// The attempt failed; the next starts at `due`.
    Retrying {
        attempt: u32,
        due: Timestamp,
        fault: Fault,
    },
    /// The step asked to be called again.
    Deferred {
        attempt: u32,
        until: Timestamp,
    },
    /// The step waits for a call-back.
    Waiting {
        attempt: u32,
        resume_key: String,
        expires_at: Option<Timestamp>,
    },
    /// A manual task waits for a person.
    Open {
        since: Timestamp,
    },
    Completed {
        at: Timestamp,
        output: RawJson,
    },
    Skipped {
        at: Timestamp,
        reason: String,
    },
    Failed {
        at: Timestamp,
        attempt: u32,
        fault: Fault,
    },
    Cancelled {
        at: Timestamp,
    },
}

impl TaskState {
    /// The name on the platform API and in the history.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running { .. } => "running",
            Self::Retrying { .. } => "retrying",
            Self::Deferred { .. } => "deferred",
            Self::Waiting { .. } => "waiting",
            Self::Open { .. } => "open",
            Self::Completed { .. } => "completed",
            Self::Skipped { .. } => "skipped",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Ended for good (until a retry of the whole execution).
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Skipped { .. } | Self::Failed { .. } | Self::Cancelled { .. })
    }

    /// When the engine must look at the task by itself.
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Retrying { due, .. } => Some(*due),
            Self::Deferred { until, .. } => Some(*until),
            Self::Waiting { expires_at, .. } => *expires_at,
            Self::Pending
            | Self::Running { .. }
            | Self::Open { .. }
            | Self::Completed { .. }
            | Self::Skipped { .. }
            | Self::Failed { .. }
            | Self::Cancelled { .. } => None,
        }
    }
}

/// One task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub node: NodeId,
    pub state: TaskState,
    /// How often a person has had it run again after it had failed. What it stages then is meant anew, not a repetition.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
    /// Attempts begun since it was last started; none of a task for people.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// When the first attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Summed over all attempts.
    #[serde(default)]
    pub metering: Metering,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
