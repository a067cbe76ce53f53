//! A run of an automation: an ordered list of actions, taken from the automation when the run was dispatched.

use super::TaskError;
use super::vocab::TaskStatus;
use crate::outcome::EntityRef;
use crate::{Fault, RawJson, RetryPolicy, Timestamp};
use serde::{Deserialize, Serialize};

/// An action of an automation (source: contracts/plugins.md 4.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionSpec {
    /// `<plugin>/<step>`, or the bare id of a built-in step.
    pub step_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub config: RawJson,
    /// A failure does not stop the actions behind this one.
    #[serde(default)]
    pub allow_failure: bool,
    /// Used for retryable faults.
    #[serde(default)]
    pub retry: RetryPolicy,
}

/// An action within a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRun {
    pub spec: ActionSpec,
    pub state: ActionState,
}

/// An action's state with that state's data. `tries` counts from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// Actions before it have not ended.
    Pending,
    /// Handed to a worker.
    Running {
        tries: u32,
        since: Timestamp,
        #[serde(default, deserialize_with = "crate::json::present", skip_serializing_if = "Option::is_none")]
        resume: Option<RawJson>,
    },
    /// Failed; runs again at `due`.
    Retrying {
        tries: u32,
        due: Timestamp,
        fault: Fault,
    },
    /// Asked to be called again.
    Deferred {
        tries: u32,
        until: Timestamp,
    },
    /// Waits for a call-back.
    Waiting {
        tries: u32,
        resume_key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    Completed {
        at: Timestamp,
        output: RawJson,
        entities: Vec<EntityRef>,
    },
    Skipped {
        at: Timestamp,
        reason: String,
    },
    Failed {
        at: Timestamp,
        fault: Fault,
    },
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// The automation's actions have to be looked up.
    Starting {
        since: Timestamp,
    },
    InProgress,
    /// An action waits for a call-back.
    Paused,
    /// An action has put itself off.
    Scheduled,
    Success {
        at: Timestamp,
    },
    /// Every action was skipped.
    Skipped {
        at: Timestamp,
    },
    Failed {
        at: Timestamp,
        error: TaskError,
    },
    Cancelled {
        at: Timestamp,
    },
    /// The automation ran too often and was stopped.
    Hot {
        at: Timestamp,
    },
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutomationRun {
    pub execution_id: String,
    pub state: RunState,
    /// The entity it runs on.
    pub input: EntityRef,
    #[serde(default)]
    pub actions: Vec<ActionRun>,
}

impl RunState {
    /// The word on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Starting { .. } => "starting",
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::Scheduled => "scheduled",
            Self::Success { .. } => "success",
            Self::Skipped { .. } => "skipped",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Hot { .. } => "hot",
        }
    }

    /// Whether the run still goes on.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Starting { .. } | Self::InProgress | Self::Paused | Self::Scheduled)
    }

    /// The status a task has that follows this run (source: contracts/epilot.md 2B "Automations").
    pub const fn task_status(&self) -> TaskStatus {
        match self {
            Self::Starting { .. } | Self::InProgress => TaskStatus::InProgress,
            Self::Paused => TaskStatus::WaitingForConfirmation,
            Self::Scheduled => TaskStatus::Scheduled,
            Self::Success { .. } => TaskStatus::Completed,
            Self::Skipped { .. } | Self::Cancelled { .. } => TaskStatus::Skipped,
            Self::Failed { .. } | Self::Hot { .. } => TaskStatus::Failed,
        }
    }

    /// Why a task that follows this run has failed.
    pub fn error(&self) -> Option<TaskError> {
        match self {
            Self::Failed { error, .. } => Some(error.clone()),
            Self::Hot { .. } => {
                Some(TaskError::new("AUTOMATION_HOT", "the automation was stopped for running too often"))
            }
            Self::Starting { .. }
            | Self::InProgress
            | Self::Paused
            | Self::Scheduled
            | Self::Success { .. }
            | Self::Skipped { .. }
            | Self::Cancelled { .. } => None,
        }
    }
}

impl AutomationRun {
    /// The first entity of the last action that named any.
    pub fn produced(&self) -> Option<&EntityRef> {
        self.actions.iter().rev().find_map(|action| match &action.state {
            ActionState::Completed { entities, .. } => entities.first(),
            _ => None,
        })
    }

    /// The number and state of the action that is neither ended nor still to come.
    pub fn current(&self) -> Option<(usize, &ActionState)> {
        self.actions.iter().map(|a| &a.state).enumerate().find(|(_, state)| {
            matches!(
                state,
                ActionState::Running { .. }
                    | ActionState::Retrying { .. }
                    | ActionState::Deferred { .. }
                    | ActionState::Waiting { .. }
            )
        })
    }

    /// When the run needs [`super::Command::TimerFired`].
    pub fn next_due(&self) -> Option<Timestamp> {
        match self.current()?.1 {
            ActionState::Retrying { due, .. } => Some(*due),
            ActionState::Deferred { until, .. } => Some(*until),
            ActionState::Waiting { expires_at, .. } => *expires_at,
            _ => None,
        }
    }

    /// Cancels what is still open; whether anything was.
    pub(super) fn abandon(&mut self, now: Timestamp) -> bool {
        let open = self.state.is_open();
        if open {
            self.state = RunState::Cancelled { at: now };
            for action in &mut self.actions {
                action.stop(now);
            }
        }
        open
    }
}

impl ActionRun {
    /// Ends an action that has begun and not ended.
    fn stop(&mut self, now: Timestamp) {
        match self.state {
            ActionState::Running { .. }
            | ActionState::Retrying { .. }
            | ActionState::Deferred { .. }
            | ActionState::Waiting { .. } => {
                self.state = ActionState::Skipped { at: now, reason: "cancelled".into() };
            }
            ActionState::Pending
            | ActionState::Completed { .. }
            | ActionState::Skipped { .. }
            | ActionState::Failed { .. } => {}
        }
    }
}
