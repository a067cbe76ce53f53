//! What a flow's entities show of it (source: seed 002 `WorkflowInEntity`).

use super::vocab::{PhaseStatus, StatusName, TaskStatus, TriggerMode};
use super::{Assignee, ClosingReason, Due, Flow, Phase, Task, TaskKind};
use crate::NodeId;
use serde::{Deserialize, Serialize};

/// A flow as an entry of its entities' `workflows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowInEntity {
    pub id: String,
    pub definition_id: String,
    pub name: String,
    pub status: StatusName,
    pub assignees: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duedate: Option<String>,
    pub last_update_time: String,
    /// Percent of the tasks that are over, 0 to 100.
    pub progress: u32,
    /// Those of all current tasks.
    pub upcoming_tasks_assignees: Vec<String>,
    /// The first current task.
    #[serde(flatten)]
    pub task: Option<TaskInEntity>,
    /// The phase of the first current task.
    #[serde(flatten)]
    pub phase: Option<PhaseInEntity>,
    pub phases_in_progress: Vec<PhaseInEntity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selected_closing_reasons: Vec<ClosingReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing_reason_description: Option<String>,
}

/// The current task of a [`WorkflowInEntity`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInEntity {
    pub task_id: NodeId,
    pub task_name: String,
    pub task_assignees: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_duedate: Option<String>,
    /// `AUTOMATION` for what runs without a person, else `MANUAL`.
    pub task_execution_type: String,
    pub task_status: TaskStatus,
}

/// A phase of a [`WorkflowInEntity`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseInEntity {
    pub phase_id: NodeId,
    pub phase_name: String,
    /// Percent of the phase's tasks that are over, 0 to 100.
    pub phase_progress: u32,
    pub phase_assignees: Vec<String>,
}

impl Task {
    /// Runs without a person: an automation, an agent, or an automatic decision. V1's `executionType`.
    pub const fn is_machine_work(&self) -> bool {
        match &self.kind {
            TaskKind::Manual => false,
            TaskKind::Automation(_) | TaskKind::AiAgent(_) => true,
            TaskKind::Decision(d) => matches!(d.spec.trigger_mode, TriggerMode::Automatic),
        }
    }
}

impl Flow {
    /// What the flow's entities show of it.
    pub fn in_entity(&self) -> WorkflowInEntity {
        let current: Vec<&Task> = self.crt_tasks.iter().filter_map(|c| self.task(&c.id)).collect();
        let first = current.first().copied();
        let phase = first.and_then(|t| t.phase_id.as_ref()).and_then(|id| self.phase(id));
        let running = self.phases.iter().filter(|p| p.status == PhaseStatus::InProgress);
        WorkflowInEntity {
            id: self.id.clone(),
            definition_id: self.flow_template_id.clone(),
            name: self.name.clone(),
            status: self.status.name(),
            assignees: users(&self.assigned_to),
            duedate: text(self.due.as_ref()),
            last_update_time: self.updated_at.to_rfc3339_millis(),
            progress: percent(self.tasks.iter()),
            upcoming_tasks_assignees: current.iter().flat_map(|t| users(&t.assigned_to)).collect(),
            task: first.map(|task| TaskInEntity {
                task_id: task.id.clone(),
                task_name: task.name.clone(),
                task_assignees: users(&task.assigned_to),
                task_duedate: text(task.due.as_ref()),
                task_execution_type: if task.is_machine_work() { "AUTOMATION" } else { "MANUAL" }.to_owned(),
                task_status: task.status,
            }),
            phase: phase.map(|p| self.phase_in_entity(p)),
            phases_in_progress: running.map(|p| self.phase_in_entity(p)).collect(),
            selected_closing_reasons: self.closing.selected_reasons.clone(),
            closing_reason_description: self.closing.extra_description.clone(),
        }
    }

    fn phase_in_entity(&self, phase: &Phase) -> PhaseInEntity {
        PhaseInEntity {
            phase_id: phase.id.clone(),
            phase_name: phase.name.clone(),
            phase_progress: percent(self.tasks.iter().filter(|t| t.phase_id.as_ref() == Some(&phase.id))),
            phase_assignees: users(&phase.assigned_to),
        }
    }
}

fn users(assignees: &[Assignee]) -> Vec<String> {
    assignees.iter().flat_map(Assignee::users).cloned().collect()
}

fn text(due: Option<&Due>) -> Option<String> {
    due.map(|d| d.as_str().to_owned())
}

/// Nothing to do is all done.
fn percent<'a>(tasks: impl Iterator<Item = &'a Task>) -> u32 {
    let (mut all, mut finished) = (0, 0);
    for task in tasks {
        all += 1;
        finished += u32::from(task.status.is_finished());
    }
    (finished * 100u32).checked_div(all).unwrap_or(100)
}
