//! What ends a task: an invocation's outcome, a person, a call-back, a timer.

use super::{TransitionError, Work};
use crate::{EventKind, ExecutionStatus, Fault, Metering, Outcome, RawJson, TaskId, TaskState};
use serde_json::json;

impl Work<'_> {
    pub(super) fn invocation_finished(
        &mut self,
        id: TaskId,
        attempt: u32,
        outcome: Outcome,
        metering: Metering,
    ) -> Result<(), TransitionError> {
        let now = self.env.now;
        let task = self.task_mut(id)?;
        match task.state {
            TaskState::Running { attempt: awaited, .. } if awaited == attempt => {}
            _ => return Err(TransitionError::StaleAttempt { task: id, attempt }),
        }
        task.metering.add(&metering);
        match outcome {
            Outcome::Completed { output, entity_refs } => {
                task.state = TaskState::Completed { at: now, output };
                self.next.last_completed = Some(id);
                let refs = (!entity_refs.is_empty()).then(|| json!({ "entities": entity_refs }));
                self.record(EventKind::TaskCompleted, Some(id), refs);
                self.advance();
            }
            Outcome::Skipped { reason } => {
                task.state = TaskState::Skipped { at: now, reason: reason.clone() };
                self.record(EventKind::TaskSkipped, Some(id), Some(json!({ "reason": reason })));
                self.advance();
            }
            Outcome::Failed(fault) => self.attempt_failed(id, attempt, fault)?,
            Outcome::Waiting { resume_key, expires_at } => {
                task.state = TaskState::Waiting { attempt, resume_key, expires_at };
                let detail = json!({ "expires_at": expires_at.map(|t| t.to_rfc3339_millis()) });
                self.record(EventKind::TaskWaiting, Some(id), Some(detail));
            }
            Outcome::Defer { until } => {
                task.state = TaskState::Deferred { attempt, until };
                self.record(EventKind::TaskDeferred, Some(id), Some(json!({ "until": until.to_rfc3339_millis() })));
            }
        }
        Ok(())
    }

    fn attempt_failed(&mut self, id: TaskId, attempt: u32, fault: Fault) -> Result<(), TransitionError> {
        let wait = if fault.retryable { self.max_attempt_wait(id, attempt) } else { None };
        let Some(wait) = wait else {
            return self.fail_task(id, attempt, fault);
        };
        let due = self.env.now + wait;
        let detail = json!({ "attempt": attempt, "due": due.to_rfc3339_millis(), "fault": fault });
        self.task_mut(id)?.state = TaskState::Retrying { attempt, due, fault };
        self.record(EventKind::TaskRetrying, Some(id), Some(detail));
        Ok(())
    }

    pub(super) fn timer_fired(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Err(self.wrong_status("fire a timer"));
        }
        let now = self.env.now;
        let due: Vec<TaskId> =
            self.next.tasks.iter().filter(|t| t.state.due().is_some_and(|due| due <= now)).map(|t| t.id).collect();
        for id in due {
            let task = self.task_mut(id)?;
            match &task.state {
                TaskState::Retrying { attempt, .. } => {
                    task.attempts = attempt + 1;
                    task.state = TaskState::Running { attempt: attempt + 1, since: now, resume: None };
                }
                TaskState::Deferred { attempt, .. } => {
                    task.state = TaskState::Running { attempt: *attempt, since: now, resume: None };
                }
                TaskState::Waiting { attempt, .. } => {
                    let attempt = *attempt;
                    let fault = Fault::permanent("WAIT_EXPIRED", "nobody called back in time");
                    self.fail_task(id, attempt, fault)?;
                }
                TaskState::Pending
                | TaskState::Running { .. }
                | TaskState::Open { .. }
                | TaskState::Completed { .. }
                | TaskState::Skipped { .. }
                | TaskState::Failed { .. }
                | TaskState::Cancelled { .. } => {}
            }
        }
        Ok(())
    }

    pub(super) fn wake_deferred(&mut self, id: TaskId) -> Result<(), TransitionError> {
        let command = "wake a deferred task";
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Err(self.wrong_status(command));
        }
        let now = self.env.now;
        let task = self.task_mut(id)?;
        match task.state {
            TaskState::Deferred { attempt, .. } => {
                task.state = TaskState::Running { attempt, since: now, resume: None };
                Ok(())
            }
            _ => Err(TransitionError::WrongTaskState { command, task: id, state: task.state.name() }),
        }
    }

    pub(super) fn complete_task(&mut self, id: TaskId, output: RawJson) -> Result<(), TransitionError> {
        self.require_open("complete a task", id)?;
        let now = self.env.now;
        self.task_mut(id)?.state = TaskState::Completed { at: now, output };
        self.next.last_completed = Some(id);
        self.record(EventKind::TaskCompleted, Some(id), None);
        self.advance();
        Ok(())
    }

    pub(super) fn skip_task(&mut self, id: TaskId, reason: String) -> Result<(), TransitionError> {
        self.require_open("skip a task", id)?;
        let now = self.env.now;
        let detail = json!({ "reason": reason });
        self.task_mut(id)?.state = TaskState::Skipped { at: now, reason };
        self.record(EventKind::TaskSkipped, Some(id), Some(detail));
        self.advance();
        Ok(())
    }

    fn require_open(&mut self, command: &'static str, id: TaskId) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Err(self.wrong_status(command));
        }
        match &self.task_mut(id)?.state {
            TaskState::Open { .. } => Ok(()),
            other => Err(TransitionError::WrongTaskState { command, task: id, state: other.name() }),
        }
    }

    pub(super) fn resume_task(&mut self, key: &str, data: RawJson) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Err(self.wrong_status("resume a task"));
        }
        let now = self.env.now;
        let waiting = self.next.tasks.iter_mut().find_map(|task| match &task.state {
            TaskState::Waiting { attempt, resume_key, .. } if resume_key == key => Some((*attempt, task)),
            _ => None,
        });
        let (attempt, task) = waiting.ok_or(TransitionError::UnknownResumeKey)?;
        task.state = TaskState::Running { attempt, since: now, resume: Some(data) };
        let id = task.id;
        self.record(EventKind::TaskResumed, Some(id), None);
        Ok(())
    }
}
