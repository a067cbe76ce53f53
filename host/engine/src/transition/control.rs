//! What people do to an execution as a whole.

use super::{TransitionError, Work};
use crate::{EventKind, ExecutionStatus, OnFailure, TaskState};
use serde_json::json;

impl Work<'_> {
    pub(super) fn pause(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Err(self.wrong_status("pause"));
        }
        self.next.status = ExecutionStatus::Paused { at: self.env.now, node: None };
        self.record(EventKind::ExecutionPaused, None, None);
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Paused { .. }) {
            return Err(self.wrong_status("resume"));
        }
        self.next.status = ExecutionStatus::Running;
        self.record(EventKind::ExecutionResumed, None, None);
        self.rerun_failed();
        self.advance();
        Ok(())
    }

    pub(super) fn retry(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Failed { .. }) {
            return Err(self.wrong_status("retry"));
        }
        self.next.status = ExecutionStatus::Running;
        self.record(EventKind::ExecutionRetried, None, None);
        // What the failure had taken along goes back to where it can start again.
        for task in &mut self.next.tasks {
            match task.state {
                TaskState::Cancelled { .. } => task.state = TaskState::Pending,
                TaskState::Skipped { .. } if task.started_at.is_none() => task.state = TaskState::Pending,
                _ => {}
            }
        }
        self.rerun_failed();
        self.advance();
        Ok(())
    }

    fn rerun_failed(&mut self) {
        // Under `continue` a failure is part of the course and was already gone past.
        if self.definition.on_failure == OnFailure::Continue {
            return;
        }
        let now = self.env.now;
        for task in &mut self.next.tasks {
            if let TaskState::Failed { .. } = task.state {
                task.state = TaskState::Running { attempt: 1, since: now, resume: None };
                task.round += 1;
                task.attempts = 1;
            }
        }
    }

    pub(super) fn cancel(&mut self, reason: Option<String>) -> Result<(), TransitionError> {
        if self.next.status.is_final() {
            return Err(self.wrong_status("cancel"));
        }
        let now = self.env.now;
        for task in self.next.tasks.iter_mut().filter(|t| !t.state.is_final()) {
            task.state = TaskState::Cancelled { at: now };
        }
        self.record(EventKind::ExecutionCancelled, None, reason.as_ref().map(|r| json!({ "reason": r })));
        self.next.status = ExecutionStatus::Cancelled { at: now, reason };
        Ok(())
    }
}
