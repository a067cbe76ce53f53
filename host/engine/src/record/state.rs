//! What a record is.

use super::{RecordStatusName, WorkflowType};
use crate::{ApproverId, CustomerId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A record's status with that status' data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    Active,
    AwaitingApproval { since: Timestamp },
    Paused { since: Timestamp },
    Suspended(Box<Suspension>),
    Completed { at: Timestamp },
    Expired { at: Timestamp },
    Cancelled { at: Timestamp },
    Failed { at: Timestamp },
}

/// Where a suspended record stands, and what it keeps for being resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspension {
    pub step: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Map<String, Value>>,
    /// The status it was suspended from.
    pub before: RecordStatusName,
}

impl RecordStatus {
    /// Without the data.
    pub const fn name(&self) -> RecordStatusName {
        match self {
            Self::Active => RecordStatusName::Active,
            Self::AwaitingApproval { .. } => RecordStatusName::AwaitingApproval,
            Self::Paused { .. } => RecordStatusName::Paused,
            Self::Suspended(_) => RecordStatusName::Suspended,
            Self::Completed { .. } => RecordStatusName::Completed,
            Self::Expired { .. } => RecordStatusName::Expired,
            Self::Cancelled { .. } => RecordStatusName::Cancelled,
            Self::Failed { .. } => RecordStatusName::Failed,
        }
    }

    /// When it ended; the record's `completed_at`.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Completed { at } | Self::Expired { at } | Self::Cancelled { at } | Self::Failed { at } => Some(*at),
            Self::Active | Self::AwaitingApproval { .. } | Self::Paused { .. } | Self::Suspended(_) => None,
        }
    }
}

/// The whole state of a record. Its history stands in the execution's, not here, so that a record with a long history
/// costs no more to write than a young one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub workflow_type: WorkflowType,
    pub customer_id: CustomerId,
    pub status: RecordStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver_id: Option<ApproverId>,
    #[serde(default)]
    pub escalation_level: u32,
    pub state: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_action_at: Option<Timestamp>,
    /// That `next_action_at` has come was told already.
    #[serde(default)]
    pub due_told: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action_at: Option<Timestamp>,
}

/// What a record starts with.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    pub workflow_type: WorkflowType,
    pub customer_id: CustomerId,
    pub stage: Option<String>,
    pub title: Option<String>,
    pub reference: Option<String>,
    pub assigned_to: Option<String>,
    pub state: Map<String, Value>,
    pub expires_at: Option<Timestamp>,
    pub next_action_at: Option<Timestamp>,
}

impl Record {
    /// The earliest instant at which [`super::Command::TimerFired`] does something.
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.status.name().is_terminal() {
            return None;
        }
        let next_action = self.next_action_at.filter(|_| !self.due_told);
        self.expires_at.into_iter().chain(next_action).min()
    }

    /// Where it is suspended.
    pub fn suspension(&self) -> Option<&Suspension> {
        match &self.status {
            RecordStatus::Suspended(suspension) => Some(suspension),
            _ => None,
        }
    }
}
