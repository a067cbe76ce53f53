//! What may be asked of a flow. Everything that happens outside comes back as one of these.

use super::automation::ActionSpec;
use super::template::{AutomationConfig, Description, TaskSpec};
use super::vocab::{StatusName, TaskStatus};
use super::{Assignee, ClosingReason, Context, DueDateConfig, EntityDiff, Verdict};
use crate::outcome::EntityRef;
use crate::{Fault, NodeId, Outcome, RawJson, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// A request to change a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    PatchFlow(FlowPatch),
    PatchTask {
        task: NodeId,
        patch: Box<TaskPatch>,
    },
    PatchPhase {
        phase: NodeId,
        patch: PhasePatch,
    },
    /// Inserts a task on the edge between two nodes.
    AddTask {
        previous: NodeId,
        /// None appends behind `previous`.
        next: Option<NodeId>,
        task: Box<NewTask>,
    },
    /// Inserts a task at a place of the list of steps (V1 `createStep`).
    InsertTask {
        place: Place,
        task: Box<NewTask>,
    },
    /// Re-links a task to another place of the list of steps (V1 `position`).
    MoveTask {
        task: NodeId,
        place: Place,
    },
    /// Takes a task out and joins what stood before it with what stood behind it (V1 `deleteStep`).
    RemoveTask {
        task: NodeId,
    },
    /// Does what the task is for, at once.
    Execute {
        task: NodeId,
    },
    /// Runs the automation of a task.
    RunAutomation {
        task: NodeId,
    },
    /// Stops a task's automation; the task is skipped.
    CancelAutomation {
        task: NodeId,
    },
    /// Cancels a schedule; the task is skipped.
    CancelSchedule {
        task: NodeId,
        /// Only this schedule, when the caller has seen one.
        schedule_id: Option<String>,
    },
    /// Uses a schedule up now.
    RunScheduleNow {
        task: NodeId,
        schedule_id: Option<String>,
    },
    /// Uses exactly this schedule up because its instant has come; stale when something else was faster.
    ScheduleFired {
        task: NodeId,
        schedule_id: String,
    },
    /// Corrects an automation task from its run.
    Reconcile {
        task: NodeId,
    },
    /// The clock has reached [`super::Flow::next_due`].
    TimerFired,
    /// A context entity has changed.
    EntityChanged {
        diff: EntityDiff,
    },
    /// A worker has evaluated a decision: verdicts in the order of [`super::questions`], or why it could not.
    DecisionEvaluated {
        task: NodeId,
        attempt: u32,
        result: Result<Vec<Verdict>, Fault>,
    },
    /// A worker has looked an automation up.
    AutomationResolved {
        task: NodeId,
        attempt: u32,
        found: Resolved,
    },
    /// A worker's invocation of an action has ended.
    ActionFinished {
        task: NodeId,
        attempt: u32,
        outcome: Outcome,
    },
    /// Somebody calls back a waiting action.
    ResumeAction {
        resume_key: String,
        data: RawJson,
    },
    /// An agent has come to something.
    AgentReported {
        task: NodeId,
        attempt: u32,
        report: AgentReport,
    },
    /// Deletes the flow: it does nothing any more, and refuses every command.
    Delete {
        /// It is kept for audit; otherwise nothing of it is left once the transition is saved.
        soft: bool,
    },
}

/// What a worker found under an automation's id.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    Found {
        actions: Vec<ActionSpec>,
        /// Plugin name → digest, for plugins the flow has not pinned yet.
        pins: BTreeMap<String, String>,
    },
    /// There is no such automation.
    Unknown,
    /// It has run too often.
    Hot,
}

/// What an agent tells.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentReport {
    /// It waits for a person to approve something.
    WaitingApproval,
    /// It goes on.
    Running,
    Completed {
        outcome: Option<String>,
        output: Value,
        entities: Vec<EntityRef>,
    },
    Failed(Fault),
    Cancelled,
}

/// A place in the list of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 0; counted among the tasks of the phase, or among phases and tasks without one. Beyond the end means
    /// the end.
    pub index: usize,
    pub phase: Option<NodeId>,
}

/// A task somebody adds to a running flow.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// None takes a fresh one.
    pub id: Option<NodeId>,
    pub name: String,
    pub status: Option<TaskStatus>,
    pub description: Option<Description>,
    /// None takes the phase of the task before it, for [`Command::AddTask`].
    pub phase_id: Option<NodeId>,
    pub due_date: Option<String>,
    pub due_date_config: Option<DueDateConfig>,
    pub assigned_to: Vec<Assignee>,
    pub enabled: Option<bool>,
    pub kind: TaskSpec,
}

impl NewTask {
    /// A manual task with this name.
    pub fn manual(name: impl Into<String>) -> Self {
        Self {
            id: None,
            name: name.into(),
            status: None,
            description: None,
            phase_id: None,
            due_date: None,
            due_date_config: None,
            assigned_to: Vec::new(),
            enabled: None,
            kind: TaskSpec::Manual,
        }
    }
}

/// Changes of an execution; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowPatch {
    pub status: Option<StatusName>,
    pub assigned_to: Option<Vec<Assignee>>,
    pub selected_reasons: Option<Vec<ClosingReason>>,
    pub extra_description: Option<String>,
    pub due_date: Option<String>,
    pub due_date_config: Option<DueDateConfig>,
    pub contexts: Option<Vec<Context>>,
    /// Who closed it, when that is not the caller.
    pub closed_by: Option<String>,
    /// When it was done, when that is not now.
    pub completed_at: Option<Timestamp>,
}

/// Changes of a task; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskPatch {
    pub name: Option<String>,
    pub status: Option<TaskStatus>,
    /// Beats `due_date_config`.
    pub due_date: Option<String>,
    pub due_date_config: Option<DueDateConfig>,
    pub assigned_to: Option<Vec<Assignee>>,
    /// Overrides the requirements until the task is reset.
    pub enabled: Option<bool>,
    /// Ignored unless the task is an automation.
    pub automation_config: Option<AutomationConfig>,
    pub description: Option<Description>,
    pub ecp: Option<Value>,
    pub installer: Option<Value>,
    pub partner: Option<Value>,
    /// The branch a decision takes; needed to complete a manual one.
    pub next_condition_id: Option<String>,
    /// With PENDING or IN_PROGRESS on a finished task: takes the whole flow back to it.
    pub revert_execution: bool,
    /// Only told in the history.
    pub completed_via_journey: bool,
    pub in_progress_by: Option<String>,
    pub on_hold_by: Option<String>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// Carried for clients of V1; empty takes it away.
    pub entity_ref: Option<String>,
    /// Moves the task first, as [`Command::MoveTask`] does.
    pub place: Option<Place>,
}

/// Changes of a phase; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhasePatch {
    pub name: Option<String>,
    pub due_date: Option<String>,
    pub due_date_config: Option<DueDateConfig>,
    pub assigned_to: Option<Vec<Assignee>>,
}
