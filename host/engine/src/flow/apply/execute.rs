//! `execute`: does what a task is for, at once.

use super::Work;
use crate::NodeId;
use crate::flow::vocab::{TaskStatus, TriggerMode};
use crate::flow::{FlowError, TaskKind, is_allowed};

impl Work<'_> {
    pub(super) fn execute(&mut self, id: &NodeId) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        let task = self.task(number);
        match &task.kind {
            TaskKind::Manual => {
                let (from, to) = (task.status, TaskStatus::Completed);
                if !task.enabled {
                    return Err(FlowError::Disabled);
                }
                if from.is_finished() || !is_allowed(from, to, task.task_type(), false) {
                    return Err(FlowError::InvalidTransition { from, to });
                }
                self.finish(number, to, None);
                return Ok(());
            }
            TaskKind::Decision(decision) if decision.spec.trigger_mode == TriggerMode::Manual => {
                return Err(FlowError::invalid("a manual decision is made by completing it with next_condition_id"));
            }
            TaskKind::AiAgent(_) if task.status == TaskStatus::Scheduled => {
                return Err(FlowError::InvalidTransition { from: task.status, to: TaskStatus::InProgress });
            }
            TaskKind::Automation(_) | TaskKind::Decision(_) | TaskKind::AiAgent(_) => {}
        }
        self.require_startable(number)?;
        self.abandon(number);
        self.run_now(number);
        Ok(())
    }
}
