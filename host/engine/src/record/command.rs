//! What may be asked of a record.

use super::RecordStatusName;
use crate::{ApproverId, RawJson, Timestamp};
use serde_json::{Map, Value};

/// What happens to a member that may be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Change<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T: Clone> Change<T> {
    pub(super) fn apply(&self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(value.clone()),
        }
    }

    /// Whether it says anything.
    pub const fn is_given(&self) -> bool {
        !matches!(self, Self::Keep)
    }
}

/// A PATCH: what is not given stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advance {
    /// The action's name in the history.
    pub action: String,
    /// Kept verbatim in the history.
    pub detail: Option<RawJson>,
    pub status: Option<RecordStatusName>,
    pub stage: Change<String>,
    pub approver_id: Change<ApproverId>,
    pub assigned_to: Change<String>,
    pub escalation_level: Option<u32>,
    pub expires_at: Change<Timestamp>,
    pub next_action_at: Change<Timestamp>,
    /// Merged into the state, top-level member by top-level member.
    pub state: Map<String, Value>,
}

/// A guard's refusal, for the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Denial {
    /// What was asked for.
    pub action: String,
    /// Who refused.
    pub guard: String,
    pub code: String,
    pub reason: String,
    pub to_status: RecordStatusName,
    pub to_stage: Option<String>,
}

/// A request to change a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Advance(Box<Advance>),
    Suspend {
        step: String,
        payload: Option<Map<String, Value>>,
    },
    Resume {
        data: Map<String, Value>,
    },
    Abort,
    /// The clock has reached [`super::Record::next_due`].
    TimerFired,
    /// A guard has refused something; only the history changes.
    Deny(Denial),
}

impl Command {
    /// Whether the guards of the record's type are asked first (source: contracts/hydracore.md 2A).
    pub const fn is_guarded(&self) -> bool {
        match self {
            Self::Advance(advance) => advance.status.is_some() || advance.stage.is_given(),
            Self::Suspend { .. } | Self::Resume { .. } | Self::Abort => true,
            Self::TimerFired | Self::Deny(_) => false,
        }
    }

    /// What it is called in the history.
    pub fn action(&self) -> &str {
        match self {
            Self::Advance(advance) => &advance.action,
            Self::Suspend { .. } => "suspended",
            Self::Resume { .. } => "resumed",
            Self::Abort => "aborted",
            Self::TimerFired => "expired",
            Self::Deny(_) => "guard_denied",
        }
    }
}
