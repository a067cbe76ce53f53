//! What an invocation of a step ends with.

use crate::{RawJson, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a step failed. `code` is stable and meant for machines, `reason` for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    pub code: String,
    pub reason: String,
    /// Whether the same call may succeed later; only such faults are retried.
    #[serde(default)]
    pub retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<RawJson>,
}

impl Fault {
    /// A fault that a retry cannot mend.
    pub fn permanent(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into(), retryable: false, info: None }
    }
    /// A fault that may pass.
    pub fn transient(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::permanent(code, reason) }
    }
    /// Adds machine-readable detail.
    #[must_use]
    pub fn with_info(mut self, info: serde_json::Value) -> Self {
        self.info = Some(RawJson::from(info));
        self
    }
}

/// An entity a step has touched or produced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityRef {
    pub schema: String,
    pub id: String,
}

/// The end of an invocation (source: contracts/plugins.md 4.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Completed {
        output: RawJson,
        entity_refs: Vec<EntityRef>,
    },
    Skipped {
        reason: String,
    },
    Failed(Fault),
    /// The step waits for somebody to call back with `resume_key`.
    Waiting {
        resume_key: String,
        expires_at: Option<Timestamp>,
    },
    /// The step wants to be called again at this instant; does not count as an attempt.
    Defer {
        until: Timestamp,
    },
}
