//! How an execution looks from outside, whichever API it was made with: one projection that every dialect shows
//! foreign executions by, so that none has to know another (source: contracts/core-model.md 3.2, 3.3).

mod as_flow;
mod as_record;
mod flow;
mod native;
mod status;

pub(crate) use as_flow::{as_flow, flow_status};
pub(crate) use as_record::{FOREIGN_TYPE, as_record, nobody, record_status};
pub use status::CoreStatus;

use crate::usecases::ExecutionView;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, DefinitionId, Dialect, Execution, ExecutionId, ExecutionStatus, Fault, RawJson, TaskState, Timestamp,
    TriggerSource,
};

/// An execution without its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    pub id: ExecutionId,
    /// The API it was made with.
    pub dialect: Dialect,
    pub definition_id: DefinitionId,
    /// Of the version it runs.
    pub definition_name: String,
    pub title: String,
    pub status: CoreStatus,
    /// What it stands at: the current node's name, or the phases of the current tasks.
    pub stage: Option<String>,
    /// The node a pause stands at.
    pub paused_at: Option<String>,
    /// What it is about; the primary entity first.
    pub entities: Vec<EntityRef>,
    pub trigger: TriggerSource,
    /// What it was started with; of a record its state.
    pub input: RawJson,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub error: Option<FaceError>,
    /// Something in it has failed without ending it.
    pub has_errors: bool,
}

/// Why an execution, or the node it stands at, has failed.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceError {
    /// The node it happened at.
    pub node: Option<String>,
    pub fault: Fault,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeType {
    Manual,
    Step,
    Decision,
    Agent,
}

impl NodeType {
    /// The word in definitions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Step => "step",
            Self::Decision => "decision",
            Self::Agent => "agent",
        }
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeStatus {
    Pending,
    Running,
    /// A person has to do something.
    Waiting,
    Completed,
    Failed,
    Skipped,
    Cancelled,
}

/// A node of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFace {
    pub id: String,
    pub name: String,
    pub kind: NodeType,
    /// The step's id within its plugin, when it is a step.
    pub step: Option<String>,
    pub status: NodeStatus,
    /// Attempts begun since it was last started.
    pub attempts: u32,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub output: Option<RawJson>,
    /// Why it has failed, or why its last attempt has.
    pub error: Option<Fault>,
}

impl Face {
    /// How the execution looks.
    pub fn of(view: &ExecutionView) -> Self {
        Self::new(&view.execution, &view.definition)
    }

    /// How an execution of this version of a definition looks.
    pub fn new(execution: &Execution, definition: &Definition) -> Self {
        let (stage, has_errors) = match (&execution.flow, &execution.record) {
            (Some(flow), _) => (flow::stage(flow), flow::has_errors(flow)),
            (None, Some(record)) => (record.stage.clone(), false),
            (None, None) => (native::stage(execution, definition), native::has_errors(execution)),
        };
        let entities = match &execution.flow {
            Some(flow) => flow::entities(flow),
            None => execution.entity.iter().cloned().collect(),
        };
        Self {
            id: execution.id,
            dialect: execution.dialect,
            definition_id: execution.definition_id,
            definition_name: definition.name.clone(),
            title: execution.title.clone(),
            status: CoreStatus::of(execution),
            stage,
            paused_at: match &execution.status {
                ExecutionStatus::Paused { node, .. } => node.as_ref().map(ToString::to_string),
                _ => None,
            },
            entities,
            trigger: execution.trigger.source,
            input: match &execution.record {
                // A record's state is what the others call their input or context; it always serializes.
                Some(record) => RawJson::of(&record.state).unwrap_or_else(|_| RawJson::empty_object()),
                None => execution.input.clone(),
            },
            created_at: execution.created_at,
            started_at: execution.started_at,
            ended_at: execution.status.ended_at(),
            error: error_of(execution),
            has_errors,
        }
    }

    /// What it is about, first and foremost.
    pub fn entity(&self) -> Option<&EntityRef> {
        self.entities.first()
    }
}

impl NodeFace {
    /// The nodes of an execution, in the order of its definition.
    pub fn all(view: &ExecutionView) -> Vec<Self> {
        Self::all_of(&view.execution, &view.definition)
    }

    /// The nodes of an execution of this version of a definition, in its order.
    pub fn all_of(execution: &Execution, definition: &Definition) -> Vec<Self> {
        match &execution.flow {
            Some(flow) => flow::nodes(flow),
            None => native::nodes(execution, definition),
        }
    }
}

fn error_of(execution: &Execution) -> Option<FaceError> {
    if let Some(flow) = &execution.flow {
        return flow::error(flow);
    }
    match &execution.status {
        ExecutionStatus::Failed { task, fault, .. } => {
            let node = task.and_then(|id| execution.task(id)).map(|task| task.node.to_string());
            Some(FaceError { node, fault: fault.clone() })
        }
        ExecutionStatus::Paused { node: Some(node), .. } => match &execution.task_of(node)?.state {
            TaskState::Failed { fault, .. } => Some(FaceError { node: Some(node.to_string()), fault: fault.clone() }),
            _ => None,
        },
        ExecutionStatus::Pending
        | ExecutionStatus::Running
        | ExecutionStatus::Waiting { .. }
        | ExecutionStatus::Suspended { .. }
        | ExecutionStatus::Paused { .. }
        | ExecutionStatus::Completed { .. }
        | ExecutionStatus::Cancelled { .. }
        | ExecutionStatus::Expired { .. } => None,
    }
}

#[cfg(test)]
mod tests;
