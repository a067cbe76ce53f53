//! The body of a flow execution: everything it is, in one document that needs no template any more.

use super::graph::{Graph, Shape};
use super::vocab::{PhaseStatus, StatusName, TriggerType};
use super::{
    Analytics, Assignee, ClosingReason, Context, Due, DueDateConfig, Edge, EntityDiff, EntitySync, Task, V1Sync,
};
use crate::outcome::EntityRef;
use crate::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Deepest chain of flows started by flows (source: contracts/epilot.md 2B "Chain guard").
pub const DEEPEST_CHAIN: u32 = 10;

/// An execution's status with that status's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowStatus {
    Started,
    Done {
        at: Timestamp,
    },
    Closed {
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

impl FlowStatus {
    /// The word on the wire.
    pub const fn name(&self) -> StatusName {
        match self {
            Self::Started => StatusName::Started,
            Self::Done { .. } => StatusName::Done,
            Self::Closed { .. } => StatusName::Closed,
        }
    }
}

/// Who or what started an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowTrigger {
    #[serde(rename = "type")]
    pub kind: TriggerType,
    /// Carried for clients, not looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation_config: Option<Value>,
    /// What had changed of the entity whose event started the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<EntityDiff>,
}

/// The flow whose automation started this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    pub parent_execution_id: String,
    pub parent_task_id: NodeId,
    /// 1 for a flow started by one that nobody's automation started; at most [`DEEPEST_CHAIN`].
    pub depth: u32,
}

/// Closing reasons: what may be chosen (a snapshot of the start) and what was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    #[serde(default)]
    pub configured_reasons: Vec<ClosingReason>,
    #[serde(default)]
    pub selected_reasons: Vec<ClosingReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_description: Option<String>,
    /// At most one may be selected.
    #[serde(default)]
    pub single_selection: bool,
}

/// A task at which the flow stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    pub id: NodeId,
    pub crt_since: Timestamp,
}

/// A phase of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    pub id: NodeId,
    pub template_id: NodeId,
    pub name: String,
    pub status: PhaseStatus,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_to: Vec<Assignee>,
    #[serde(default)]
    pub analytics: Analytics,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// A path has ended inside the phase; what comes behind it follows once the phase is completed.
    #[serde(default)]
    pub path_ended: bool,
}

/// A flow execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The id clients see: 8 to 12 unguessable characters.
    pub id: String,
    pub flow_template_id: String,
    pub name: String,
    pub status: FlowStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The user who has changed it last, since its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default)]
    pub assigned_to: Vec<Assignee>,
    pub contexts: Vec<Context>,
    /// The frontier: the tasks the flow stands at, oldest first.
    pub crt_tasks: Vec<Current>,
    pub phases: Vec<Phase>,
    pub tasks: Vec<Task>,
    pub edges: Vec<Edge>,
    /// The node edges from the trigger start at.
    pub trigger_node: NodeId,
    pub trigger: FlowTrigger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    pub closing: Closing,
    #[serde(default)]
    pub available_in_ecp: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entity_sync: Vec<EntitySync>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub update_entity_attributes: Vec<V1Sync>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// Joins wait for all their predecessors.
    #[serde(default)]
    pub linear: bool,
    /// Plugin name → component digest (hex SHA-256) this execution finishes on, whatever is enabled meanwhile.
    #[serde(default)]
    pub pins: BTreeMap<String, String>,
    /// Deleted, kept for audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Number of the last history event; events are numbered per execution, gapless, from 1.
    pub history_seq: u64,
    /// One more per committed transition; the fence of every write.
    pub version: u64,
}

/// How often a loop has gone round, as the tasks in its body show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopInfo {
    pub max_iterations: u32,
    pub crt_iterations: u32,
}

impl Flow {
    /// Whether the flow advances.
    pub const fn is_started(&self) -> bool {
        matches!(self.status, FlowStatus::Started) && self.deleted_at.is_none()
    }

    /// The task with this id.
    pub fn task(&self, id: &NodeId) -> Option<&Task> {
        self.tasks.iter().find(|t| &t.id == id)
    }

    /// The task with this template id, or this id.
    pub fn task_by_any_id(&self, id: &NodeId) -> Option<&Task> {
        self.tasks.iter().find(|t| &t.template_id == id).or_else(|| self.task(id))
    }

    /// The phase with this id.
    pub fn phase(&self, id: &NodeId) -> Option<&Phase> {
        self.phases.iter().find(|p| &p.id == id)
    }

    /// The phase with this template id, or this id.
    pub fn phase_by_any_id(&self, id: &NodeId) -> Option<&Phase> {
        self.phases.iter().find(|p| &p.template_id == id).or_else(|| self.phase(id))
    }

    /// Whether the flow stands at this task.
    pub fn is_current(&self, id: &NodeId) -> bool {
        self.crt_tasks.iter().any(|c| &c.id == id)
    }

    /// The entity the execution is mainly about: the primary context, else the first one.
    pub fn primary(&self) -> Option<EntityRef> {
        let context = self.contexts.iter().find(|c| c.is_primary).or_else(|| self.contexts.first())?;
        Some(EntityRef { schema: context.entity_schema.clone(), id: context.entity_id.clone() })
    }

    /// Every entity a transition or an evaluation may look at: contexts, and what tasks have produced.
    pub fn entities(&self) -> Vec<EntityRef> {
        let contexts =
            self.contexts.iter().map(|c| EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() });
        let mut all: Vec<EntityRef> = contexts.collect();
        for entity in self.tasks.iter().filter_map(Task::produced) {
            if !all.contains(entity) {
                all.push(entity.clone());
            }
        }
        all
    }

    /// The loop counter a task or phase shows: that of the innermost loop around it.
    pub fn loop_info(&self, node: &NodeId) -> Option<LoopInfo> {
        self.loop_infos().get(node).copied()
    }

    /// The loop counters of everything that stands in a loop.
    pub fn loop_infos(&self) -> BTreeMap<NodeId, LoopInfo> {
        let mut infos = BTreeMap::new();
        if !self.tasks.iter().any(|t| t.decision().is_some_and(|d| d.spec.loop_config.is_some())) {
            return infos;
        }
        let graph = self.graph();
        let mut loops = graph.loops();
        // Inner bodies are smaller, and what is put in later stays.
        loops.sort_by_key(|(_, body)| std::cmp::Reverse(body.len()));
        for (decision, body) in loops {
            let config = self.tasks.get(decision).and_then(|t| t.decision()?.spec.loop_config.as_ref());
            let Some(config) = config else { continue };
            let info = LoopInfo { max_iterations: config.max_iterations, crt_iterations: config.crt_iterations };
            for node in body {
                let id = match graph.phase_number(node) {
                    Some(phase) => self.phases.get(phase).map(|p| &p.id),
                    None => self.tasks.get(node).map(|t| &t.id),
                };
                infos.extend(id.map(|id| (id.clone(), info)));
            }
        }
        infos
    }

    /// Tasks from the start to the end, loop edges left aside; ties in the template's order. The order of V1 steps.
    pub fn ordered_tasks(&self) -> Vec<&Task> {
        self.graph().topological().into_iter().filter_map(|n| self.tasks.get(n)).collect()
    }

    /// The task whose schedule is armed under this id.
    pub fn task_of_schedule(&self, schedule_id: &str) -> Option<&Task> {
        self.tasks.iter().find(|t| t.schedule_state().and_then(|s| s.armed()).is_some_and(|(id, _)| id == schedule_id))
    }

    /// The chain of a flow that an automation of `task` starts.
    ///
    /// # Errors
    /// `TRIGGER_WORKFLOW_ERROR` when it would be deeper than [`DEEPEST_CHAIN`]; the starting task fails with it.
    pub fn child_chain(&self, task: &NodeId) -> Result<Chain, super::TaskError> {
        let depth = self.chain.as_ref().map_or(0, |c| c.depth) + 1;
        if depth > DEEPEST_CHAIN {
            let reason = format!("flows have started flows more than {DEEPEST_CHAIN} deep");
            return Err(super::TaskError::new("TRIGGER_WORKFLOW_ERROR", reason));
        }
        Ok(Chain { parent_execution_id: self.id.clone(), parent_task_id: task.clone(), depth })
    }

    /// The graph in its resolved form.
    pub(super) fn graph(&self) -> Graph {
        Graph::new(&Shape {
            tasks: self.tasks.iter().map(|t| {
                let branch = t.decision().and_then(|d| d.spec.loop_config.as_ref()).map(|l| l.loop_branch_id.as_str());
                (&t.id, t.phase_id.as_ref(), branch, t.decision().is_some())
            }),
            phases: self.phases.iter().map(|p| &p.id),
            edges: &self.edges,
            is_trigger: |id: &NodeId| id == &self.trigger_node,
        })
    }
}
