//! Small parts that templates and executions share.

use super::vocab::{SyncEvent, TimeUnit, V1SyncSource};
use crate::{Fault, NodeId};
use serde::{Deserialize, Serialize};

/// Who is assigned: a user, or a variable that is resolved from the primary entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Assignee {
    User(String),
    Variable {
        /// `{{entity.owner}}`.
        variable: String,
        /// The user ids it stood for when it was resolved.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        value: Vec<String>,
    },
}

impl Assignee {
    /// The user ids this stands for.
    pub fn users(&self) -> &[String] {
        match self {
            Self::User(id) => std::slice::from_ref(id),
            Self::Variable { value, .. } => value,
        }
    }
}

/// A connection between two nodes: tasks, phases, or the trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    pub id: String,
    pub from_id: NodeId,
    pub to_id: NodeId,
    /// The branch of the decision at `from_id` this edge belongs to; an edge without one is followed in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_id: Option<String>,
    /// The default branch, taken when no condition is met.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none_met: bool,
}

/// What must be over before a task is enabled. Ids are template ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Requirement {
    /// The task is COMPLETED or SKIPPED.
    TaskFinished { task_id: NodeId },
    /// The phase is COMPLETED.
    PhaseFinished { phase_id: NodeId },
}

/// A due date relative to something that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDateConfig {
    pub duration: u32,
    pub unit: TimeUnit,
    #[serde(flatten)]
    pub anchor: DueAnchor,
}

/// What a due date counts from. Ids are template ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DueAnchor {
    WorkflowStarted,
    TaskFinished {
        task_id: NodeId,
    },
    PhaseFinished {
        phase_id: NodeId,
    },
    /// The first direct predecessor that finishes.
    APrecedingTaskCompleted,
    /// The last direct predecessor.
    AllPrecedingTasksCompleted,
}

/// A due date as text: an instant (`…Z`) or a floating day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Somebody set it; nothing overwrites it.
    Set(String),
    /// Computed from a [`DueDateConfig`]; a reset of the task clears it.
    Computed(String),
}

impl Due {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Set(text) | Self::Computed(text) => text,
        }
    }
}

/// A reason for closing an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingReason {
    pub id: String,
    #[serde(default)]
    pub title: String,
}

/// An entity an execution is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub entity_id: String,
    pub entity_schema: String,
    #[serde(default)]
    pub is_primary: bool,
    /// What the entity was called when it became a context (V1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl Context {
    /// An entity that is not the primary one, without a title.
    pub fn new(entity_schema: impl Into<String>, entity_id: impl Into<String>) -> Self {
        let (entity_id, entity_schema) = (entity_id.into(), entity_schema.into());
        Self { entity_id, entity_schema, is_primary: false, title: None }
    }
}

/// Writes something to the context entities of a schema when an event happens (source: seed 002 `EntitySync`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySync {
    pub trigger: SyncTrigger,
    pub target: SyncTarget,
    pub value: SyncValue,
}

/// The event, for all tasks and phases or for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTrigger {
    pub event: SyncEvent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<SyncFilter>,
}

/// Which task or phase an event must be about; one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_template_id: Option<NodeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_template_id: Option<NodeId>,
}

/// Where the value goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncTarget {
    pub entity_schema: String,
    pub entity_attribute: String,
}

/// What is written. Task and phase sources mean those of the event; a flow's events mean the first current task
/// and its phase. Assignees are written as a list of user ids; what does not exist is written as `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SyncValue {
    WorkflowName,
    WorkflowStatus,
    WorkflowAssignedTo,
    TaskName,
    TaskStatus,
    TaskAssignedTo,
    PhaseName,
    PhaseStatus,
    PhaseAssignedTo,
    CustomValue {
        #[serde(default)]
        value: String,
    },
}

/// The V1 form of entity sync: three fixed sources, written whenever they may have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct V1Sync {
    pub source: V1SyncSource,
    pub target: SyncTarget,
}

/// Why a task failed, as clients see it (source: contracts/epilot.md 2B "Schedules").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    pub error_code: String,
    pub error_reason: String,
    /// JSON text with particulars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_info: Option<String>,
}

impl TaskError {
    /// An error without particulars.
    pub fn new(code: &str, reason: impl Into<String>) -> Self {
        Self { error_code: code.into(), error_reason: reason.into(), error_info: None }
    }

    /// The JSON string that stands in `error_reason` members on the wire.
    pub fn to_json_string(&self) -> String {
        // Three optional strings always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<Fault> for TaskError {
    fn from(fault: Fault) -> Self {
        let info = fault.info.map(|info| info.as_str().to_owned());
        Self { error_code: fault.code, error_reason: fault.reason, error_info: info }
    }
}
