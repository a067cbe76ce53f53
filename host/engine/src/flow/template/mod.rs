//! What the definition API stores: a graph that can be started. Serializes to one JSON document with the names
//! the wire uses (source: contracts/epilot.md 1B.4).

mod check;
mod cycles;
mod decision;
mod limits;

pub(super) use check::MOST_TASKS;
pub use check::TemplateFault;
pub use limits::LimitWarning;

use super::condition::{DecisionSpec, automatic};
use super::graph::{Graph, Shape};
use super::vocab::{TaskType, TriggerMode};
use super::{Assignee, ClosingReason, DueDateConfig, Edge, EntitySync, Requirement, Schedule, V1Sync};
use crate::NodeId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The id under which edges name the trigger when the trigger has none of its own.
pub const TRIGGER_NODE: &str = "trigger";

/// A template of flows. Its own id, version and times belong to whoever stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// 3 to 255 characters.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A disabled template starts nothing.
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TemplateTrigger>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_triggers: Vec<TemplateTrigger>,
    #[serde(default)]
    pub phases: Vec<TemplatePhase>,
    pub tasks: Vec<TemplateTask>,
    pub edges: Vec<Edge>,
    /// Reasons of the catalogue, of which titles may be missing here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closing_reasons: Vec<ClosingReason>,
    #[serde(default, rename = "singleClosingReasonSelection")]
    pub single_closing_reason_selection: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entity_sync: Vec<EntitySync>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_entity_attributes: Vec<V1Sync>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_to: Vec<Assignee>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    #[serde(default)]
    pub available_in_ecp: bool,
    /// Tasks are enabled only once all their direct predecessors are over, whatever their requirements say.
    #[serde(default)]
    pub linear: bool,
}

const fn yes() -> bool {
    true
}

/// What may start a template by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateTrigger {
    /// Edges may name the trigger by this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NodeId>,
    #[serde(flatten)]
    pub kind: TriggerKind,
}

/// The kinds of triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TriggerKind {
    Manual {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entity_schema: Option<String>,
    },
    Automation {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automation_id: Option<String>,
        /// `thread`, `first_email` or `last_email`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input_entity: Option<String>,
    },
    JourneySubmission {
        journey_id: String,
    },
    JourneyAutomation {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entity_schema: Option<String>,
    },
}

/// A phase: a group of tasks that edges may name as one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplatePhase {
    pub id: NodeId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_to: Vec<Assignee>,
    /// Purposes; with none, the phase belongs to every execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
}

/// Longer text for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// At most 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateTask {
    pub id: NodeId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_id: Option<NodeId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_to: Vec<Assignee>,
    /// Purposes; with none, the task belongs to every execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// Shown in the customer portal; not looked into, as the next three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecp: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<Value>,
    #[serde(flatten)]
    pub kind: TaskSpec,
}

/// What a task does, as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task_type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskSpec {
    Manual,
    Automation(AutomationSpec),
    Decision(DecisionSpec),
    AiAgent(AgentSpec),
}

impl TaskSpec {
    /// The type without its data.
    pub const fn task_type(&self) -> TaskType {
        match self {
            Self::Manual => TaskType::Manual,
            Self::Automation(_) => TaskType::Automation,
            Self::Decision(_) => TaskType::Decision,
            Self::AiAgent(_) => TaskType::AiAgent,
        }
    }
}

/// What an automation task is configured with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationSpec {
    pub automation_config: AutomationConfig,
    #[serde(default = "automatic")]
    pub trigger_mode: TriggerMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// Which automation runs, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationConfig {
    /// The automation's id.
    pub flow_id: String,
    /// None means the primary entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_context: Option<InputContext>,
}

/// The entity an automation is run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum InputContext {
    /// The primary entity.
    Trigger,
    /// The entity this task (template id or id) has produced.
    Task { task_id: NodeId },
}

/// What an AI agent task is configured with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_config: Option<AgentConfig>,
}

/// Which agent runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentConfig {
    pub agent_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
}

impl Template {
    /// Whether edges may use this id for the trigger.
    pub fn is_trigger(&self, id: &NodeId) -> bool {
        id.as_str() == TRIGGER_NODE
            || self.trigger.iter().chain(&self.additional_triggers).any(|t| t.id.as_ref() == Some(id))
    }

    /// Tasks from the start to the end, loop edges left aside; ties in the template's order. The order of V1 steps.
    pub fn ordered_tasks(&self) -> Vec<&TemplateTask> {
        self.graph().topological().into_iter().filter_map(|n| self.tasks.get(n)).collect()
    }

    /// The graph in its resolved form.
    pub(super) fn graph(&self) -> Graph {
        Graph::new(&Shape {
            tasks: self.tasks.iter().map(|t| (&t.id, t.phase_id.as_ref(), t.kind.loop_branch(), t.kind.is_decision())),
            phases: self.phases.iter().map(|p| &p.id),
            edges: &self.edges,
            is_trigger: |id: &NodeId| self.is_trigger(id),
        })
    }
}

impl TaskSpec {
    pub(super) fn loop_branch(&self) -> Option<&str> {
        match self {
            Self::Decision(d) => d.loop_config.as_ref().map(|l| l.loop_branch_id.as_str()),
            Self::Manual | Self::Automation(_) | Self::AiAgent(_) => None,
        }
    }

    pub(super) const fn is_decision(&self) -> bool {
        matches!(self, Self::Decision(_))
    }
}
