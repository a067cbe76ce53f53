//! History: what happened to an execution, append-only, numbered per execution without gaps.

use crate::{KeyId, RawJson, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The host itself: worker, timer, scheduler.
    System,
    /// The operator token.
    Operator,
    /// A key; `subject` is the user it speaks for, where it names one.
    Key { id: KeyId, subject: Option<String> },
    /// A user with a signed token.
    User { subject: String },
}

impl Actor {
    /// Text for a history line and for the guest's context.
    pub fn label(&self) -> String {
        match self {
            Self::System => "system".into(),
            Self::Operator => "operator".into(),
            Self::Key { subject: Some(subject), .. } | Self::User { subject } => subject.clone(),
            Self::Key { id, subject: None } => format!("key:{id}"),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    ExecutionCreated,
    ExecutionStarted,
    ExecutionPaused,
    ExecutionResumed,
    ExecutionRetried,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionCancelled,
    TaskCompleted,
    TaskSkipped,
    TaskRetrying,
    TaskDeferred,
    TaskWaiting,
    TaskResumed,
    TaskFailed,
    /// Something about a flow; `detail.event` says what.
    FlowChanged,
    ExecutionSuspended,
    ExecutionExpired,
    /// Something about a record; `detail.action` says what.
    RecordChanged,
    /// A guard has refused a change of a record.
    RecordDenied,
    /// A record's `next_action_at` has come.
    RecordDue,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::ExecutionCreated,
        Self::ExecutionStarted,
        Self::ExecutionPaused,
        Self::ExecutionResumed,
        Self::ExecutionRetried,
        Self::ExecutionCompleted,
        Self::ExecutionFailed,
        Self::ExecutionCancelled,
        Self::TaskCompleted,
        Self::TaskSkipped,
        Self::TaskRetrying,
        Self::TaskDeferred,
        Self::TaskWaiting,
        Self::TaskResumed,
        Self::TaskFailed,
        Self::FlowChanged,
        Self::ExecutionSuspended,
        Self::ExecutionExpired,
        Self::RecordChanged,
        Self::RecordDenied,
        Self::RecordDue,
    ];

    /// The name on the platform API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExecutionCreated => "execution.created",
            Self::ExecutionStarted => "execution.started",
            Self::ExecutionPaused => "execution.paused",
            Self::ExecutionResumed => "execution.resumed",
            Self::ExecutionRetried => "execution.retried",
            Self::ExecutionCompleted => "execution.completed",
            Self::ExecutionFailed => "execution.failed",
            Self::ExecutionCancelled => "execution.cancelled",
            Self::TaskCompleted => "task.completed",
            Self::TaskSkipped => "task.skipped",
            Self::TaskRetrying => "task.retrying",
            Self::TaskDeferred => "task.deferred",
            Self::TaskWaiting => "task.waiting",
            Self::TaskResumed => "task.resumed",
            Self::TaskFailed => "task.failed",
            Self::FlowChanged => "flow.changed",
            Self::ExecutionSuspended => "execution.suspended",
            Self::ExecutionExpired => "execution.expired",
            Self::RecordChanged => "record.changed",
            Self::RecordDenied => "record.denied",
            Self::RecordDue => "record.next_action_due",
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// One line of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    pub seq: u64,
    pub at: Timestamp,
    pub actor: Actor,
    pub kind: EventKind,
    pub task: Option<TaskId>,
    /// The execution's status before and after the transition.
    pub from: std::borrow::Cow<'static, str>,
    pub to: std::borrow::Cow<'static, str>,
    /// Particulars, such as a fault or a reason.
    pub detail: Option<RawJson>,
}
