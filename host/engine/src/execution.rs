//! An execution: the aggregate every transition works on, saved as one document under an optimistic version.

use crate::flow::Flow;
use crate::outcome::EntityRef;
use crate::record::Record;
use crate::{
    DefinitionId, Dialect, ExecutionId, Fault, InstanceId, Node, NodeId, RawJson, Task, TaskId, TaskState, TenantId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which family of behaviour an execution has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionKind {
    /// A graph of tasks (epilot, SmartMCA, native).
    Flow,
    /// An ordered list of steps (SoftSolz).
    Run,
    /// Stage and status moved by calls, without a definition (HydraCore).
    Record,
}

impl ExecutionKind {
    /// The name on the platform API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Run => "run",
            Self::Record => "record",
        }
    }
}

/// What set an execution off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    Manual,
    Schedule,
    Event,
    /// Started by a step of another execution.
    Flow,
}

impl TriggerSource {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Schedule => "schedule",
            Self::Event => "event",
            Self::Flow => "flow",
        }
    }
}

/// What set an execution off, with its particulars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerInfo {
    pub source: TriggerSource,
    /// The cron tick this execution stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<Timestamp>,
    /// The event that matched.
    #[serde(default, deserialize_with = "crate::json::present", skip_serializing_if = "Option::is_none")]
    pub event: Option<RawJson>,
    /// The execution whose step started this one, and how deep the chain is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<(ExecutionId, u32)>,
}

impl TriggerInfo {
    /// Started by a call.
    pub const fn manual() -> Self {
        Self { source: TriggerSource::Manual, scheduled_for: None, event: None, parent: None }
    }
}

/// The execution's state with that state's data (source: contracts/core-model.md 3.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Created, no node started.
    Pending,
    Running,
    /// Waits for a person.
    Waiting {
        at: Timestamp,
    },
    /// Put aside with what it needs to be taken up again.
    Suspended {
        at: Timestamp,
    },
    /// Stands still at `node` (a failed one), or everywhere when a person paused it.
    Paused {
        at: Timestamp,
        node: Option<NodeId>,
    },
    Completed {
        at: Timestamp,
    },
    Failed {
        at: Timestamp,
        task: Option<TaskId>,
        fault: Fault,
    },
    Cancelled {
        at: Timestamp,
        reason: Option<String>,
    },
    /// Its time was over before it ended.
    Expired {
        at: Timestamp,
    },
}

impl ExecutionStatus {
    /// The name on the platform API and in the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
            Self::Suspended { .. } => "suspended",
            Self::Paused { .. } => "paused",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Expired { .. } => "expired",
        }
    }

    /// Ended.
    pub const fn is_final(&self) -> bool {
        self.ended_at().is_some()
    }

    /// When it ended.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Completed { at } | Self::Failed { at, .. } | Self::Cancelled { at, .. } | Self::Expired { at } => {
                Some(*at)
            }
            Self::Pending | Self::Running | Self::Waiting { .. } | Self::Suspended { .. } | Self::Paused { .. } => None,
        }
    }
}

/// The aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    pub id: ExecutionId,
    pub tenant_id: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
    pub definition_id: DefinitionId,
    pub definition_version: u32,
    pub dialect: Dialect,
    pub kind: ExecutionKind,
    pub title: String,
    pub status: ExecutionStatus,
    pub trigger: TriggerInfo,
    pub input: RawJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// Plugin name → component digest (hex SHA-256) this execution finishes on, whatever is enabled meanwhile.
    pub pins: BTreeMap<String, String>,
    pub tasks: Vec<Task>,
    /// The task that has completed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_completed: Option<TaskId>,
    /// The whole state of an epilot flow, which has no `tasks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Box<Flow>>,
    /// The whole state of a HydraCore record, which has no `tasks` either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<Record>>,
    /// The only node of an execution without a stored definition: a step that was called by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lone: Option<Box<Node>>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Number of the last history event; events are numbered per execution, gapless, from 1.
    pub history_seq: u64,
    /// One more per committed transition; the fence of every write.
    pub version: u64,
}

impl Execution {
    /// The task with this number.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.0 as usize)
    }

    /// The task of this node.
    pub fn task_of(&self, node: &NodeId) -> Option<&Task> {
        self.tasks.iter().find(|t| &t.node == node)
    }

    /// Tasks a worker must be running now.
    pub fn running(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|t| matches!(t.state, TaskState::Running { .. }))
    }

    /// Whether a worker must be running something now.
    pub fn is_working(&self) -> bool {
        match &self.flow {
            Some(flow) => flow.work().next().is_some(),
            None => self.running().next().is_some(),
        }
    }

    /// When the engine must be called with `TimerFired`, if nothing else happens first.
    pub fn next_due(&self) -> Option<Timestamp> {
        if let Some(record) = &self.record {
            return record.next_due();
        }
        match self.status {
            ExecutionStatus::Running => match &self.flow {
                Some(flow) => flow.next_due(),
                None => self.tasks.iter().filter_map(|t| t.state.due()).min(),
            },
            ExecutionStatus::Pending
            | ExecutionStatus::Waiting { .. }
            | ExecutionStatus::Suspended { .. }
            | ExecutionStatus::Paused { .. }
            | ExecutionStatus::Completed { .. }
            | ExecutionStatus::Failed { .. }
            | ExecutionStatus::Cancelled { .. }
            | ExecutionStatus::Expired { .. } => None,
        }
    }

    /// The output of the node that has completed last, once the execution has completed (source:
    /// contracts/platform.md, `output`).
    pub fn output(&self) -> Option<&RawJson> {
        if !matches!(self.status, ExecutionStatus::Completed { .. }) {
            return None;
        }
        match &self.task(self.last_completed?)?.state {
            TaskState::Completed { output, .. } => Some(output),
            _ => None,
        }
    }
}
