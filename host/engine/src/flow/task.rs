//! A task of an execution: what it is, how far it is, and the work that belongs to it.

use super::condition::DecisionSpec;
use super::schedule::ScheduleState;
use super::template::{AgentSpec, AutomationSpec, Description, TaskSpec};
use super::vocab::{TaskStatus, TaskType, TriggerMode};
use super::{Assignee, AutomationRun, Due, DueDateConfig, EntityDiff, Requirement, Schedule, TaskError};
use crate::outcome::EntityRef;
use crate::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happened to a task or phase, and by whom (source: seed 002 `AnalyticsInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analytics {
    /// When it first left PENDING; for a phase, when it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_progress_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_updated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_progress_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_hold_by: Option<String>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: NodeId,
    pub template_id: NodeId,
    pub name: String,
    pub status: TaskStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_id: Option<NodeId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_to: Vec<Assignee>,
    pub analytics: Analytics,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default)]
    pub manually_created: bool,
    /// All requirements hold, unless `enabled_override` says otherwise.
    pub enabled: bool,
    /// Somebody has set `enabled`; holds until the task is reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_override: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecp: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// What V1's `entityRefId` says; the engine has no use for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_ref: Option<String>,
    /// Why the task failed, or why its last decision could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
    /// The flow has come to this task (since its last reset).
    #[serde(default)]
    pub reached: bool,
    /// Starts by itself as soon as it is enabled.
    #[serde(default)]
    pub awaits_start: bool,
    /// Counts everything handed to a worker for this task, and never goes back: a worker's answer names it, and an
    /// answer to anything but the awaited number is stale.
    #[serde(default)]
    pub attempt: u32,
    pub kind: TaskKind,
}

/// What a task does, with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Manual,
    Automation(AutomationTask),
    Decision(DecisionTask),
    AiAgent(AgentTask),
}

/// An automation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutomationTask {
    pub spec: AutomationSpec,
    #[serde(default)]
    pub schedule: ScheduleState,
    /// How often the host has started the automation because nothing else did.
    #[serde(default)]
    pub heal_attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heal_attempted_at: Option<Timestamp>,
    /// The last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<AutomationRun>,
}

/// A decision task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionTask {
    pub spec: DecisionSpec,
    #[serde(default)]
    pub schedule: ScheduleState,
    /// A worker must evaluate the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What was decided, until the task is reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
}

/// An evaluation under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub since: Timestamp,
    /// The change of an entity that made it necessary; none means the change that started the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<EntityDiff>,
}

/// The branches a decision takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub conditions: Vec<String>,
    /// The default branch.
    #[serde(default)]
    pub none_met: bool,
}

/// An AI agent task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentTask {
    pub spec: AgentSpec,
    /// The last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<AgentRun>,
}

/// A run of an agent; the agent's own conversation is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRun {
    pub execution_id: String,
    pub state: AgentState,
    /// What the agent says it has come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityRef>,
}

/// How far an agent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    Running,
    WaitingApproval,
    Completed { at: Timestamp },
    Failed { at: Timestamp, error: TaskError },
    Cancelled { at: Timestamp },
}

impl AgentState {
    /// The word on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::WaitingApproval => "waiting_approval",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether an answer of a worker is still awaited.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::WaitingApproval)
    }
}

impl AgentRun {
    /// Cancels a run that is still open; whether it was.
    pub(super) fn abandon(&mut self, now: Timestamp) -> bool {
        let open = self.state.is_open();
        if open {
            self.state = AgentState::Cancelled { at: now };
        }
        open
    }
}

impl From<TaskSpec> for TaskKind {
    fn from(spec: TaskSpec) -> Self {
        match spec {
            TaskSpec::Manual => Self::Manual,
            TaskSpec::Automation(spec) => Self::Automation(AutomationTask {
                spec,
                schedule: ScheduleState::Idle,
                heal_attempts: 0,
                last_heal_attempted_at: None,
                run: None,
            }),
            TaskSpec::Decision(mut spec) => {
                for condition in &mut spec.conditions {
                    condition.evaluated_at = None;
                    condition.is_met = None;
                }
                if let Some(config) = &mut spec.loop_config {
                    config.crt_iterations = 0;
                }
                Self::Decision(DecisionTask { spec, schedule: ScheduleState::Idle, asked: None, chosen: None })
            }
            TaskSpec::AiAgent(spec) => Self::AiAgent(AgentTask { spec, run: None }),
        }
    }
}

impl Task {
    /// The type without its data.
    pub const fn task_type(&self) -> TaskType {
        match self.kind {
            TaskKind::Manual => TaskType::Manual,
            TaskKind::Automation(_) => TaskType::Automation,
            TaskKind::Decision(_) => TaskType::Decision,
            TaskKind::AiAgent(_) => TaskType::AiAgent,
        }
    }

    /// As a decision.
    pub const fn decision(&self) -> Option<&DecisionTask> {
        if let TaskKind::Decision(decision) = &self.kind { Some(decision) } else { None }
    }

    pub(super) const fn decision_mut(&mut self) -> Option<&mut DecisionTask> {
        if let TaskKind::Decision(decision) = &mut self.kind { Some(decision) } else { None }
    }

    /// As an automation.
    pub const fn automation(&self) -> Option<&AutomationTask> {
        if let TaskKind::Automation(automation) = &self.kind { Some(automation) } else { None }
    }

    pub(super) const fn automation_mut(&mut self) -> Option<&mut AutomationTask> {
        if let TaskKind::Automation(automation) = &mut self.kind { Some(automation) } else { None }
    }

    /// As an AI agent's task.
    pub const fn agent(&self) -> Option<&AgentTask> {
        if let TaskKind::AiAgent(agent) = &self.kind { Some(agent) } else { None }
    }

    pub(super) const fn agent_mut(&mut self) -> Option<&mut AgentTask> {
        if let TaskKind::AiAgent(agent) = &mut self.kind { Some(agent) } else { None }
    }

    /// The configured schedule.
    pub const fn schedule(&self) -> Option<&Schedule> {
        match &self.kind {
            TaskKind::Automation(a) => a.spec.schedule.as_ref(),
            TaskKind::Decision(d) => d.spec.schedule.as_ref(),
            TaskKind::Manual | TaskKind::AiAgent(_) => None,
        }
    }

    /// How far the schedule is.
    pub const fn schedule_state(&self) -> Option<&ScheduleState> {
        match &self.kind {
            TaskKind::Automation(a) => Some(&a.schedule),
            TaskKind::Decision(d) => Some(&d.schedule),
            TaskKind::Manual | TaskKind::AiAgent(_) => None,
        }
    }

    pub(super) const fn schedule_state_mut(&mut self) -> Option<&mut ScheduleState> {
        match &mut self.kind {
            TaskKind::Automation(a) => Some(&mut a.schedule),
            TaskKind::Decision(d) => Some(&mut d.schedule),
            TaskKind::Manual | TaskKind::AiAgent(_) => None,
        }
    }

    /// Whether the task starts by itself when it is current and enabled.
    pub const fn is_automatic(&self) -> bool {
        match &self.kind {
            TaskKind::Manual => false,
            TaskKind::Automation(a) => matches!(a.spec.trigger_mode, TriggerMode::Automatic),
            TaskKind::Decision(d) => matches!(d.spec.trigger_mode, TriggerMode::Automatic),
            TaskKind::AiAgent(_) => true,
        }
    }

    /// When it was completed or skipped.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.status.is_finished().then(|| self.analytics.completed_at.or(self.analytics.status_updated_at)).flatten()
    }

    /// The entity it has produced: of an automation, that of its last action that named one.
    pub fn produced(&self) -> Option<&EntityRef> {
        match &self.kind {
            TaskKind::Automation(a) => a.run.as_ref().and_then(AutomationRun::produced),
            TaskKind::AiAgent(a) => a.run.as_ref().and_then(|r| r.entities.first()),
            TaskKind::Manual | TaskKind::Decision(_) => None,
        }
    }
}
