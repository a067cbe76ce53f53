//! What has happened to a record.

use super::RecordStatusName;
use crate::{RawJson, Timestamp};
use serde::{Deserialize, Serialize};

/// A line of a record's history; the detail of the execution's event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub action: String,
    pub actor: String,
    pub detail: Option<RawJson>,
    pub from_status: Option<RecordStatusName>,
    pub to_status: RecordStatusName,
    pub from_stage: Option<String>,
    pub to_stage: Option<String>,
}

/// What a transition has led to, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// Something was done; stands in the record's history.
    Acted(Entry),
    /// A guard has refused something; stands in the record's history, and nothing else has changed.
    Denied(Entry),
    /// `next_action_at` has come. Told to webhooks; the record itself does not change.
    NextActionDue { at: Timestamp },
}
