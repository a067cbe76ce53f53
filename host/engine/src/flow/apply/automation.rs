//! The actions of a run, one after the other.

use super::Work;
use crate::flow::automation::{ActionState, AutomationRun, RunState};
use crate::flow::{FlowError, FlowEvent, TaskError};
use crate::{Fault, NodeId, Outcome, RawJson};
use serde_json::json;

impl Work<'_> {
    fn run_mut(&mut self, number: usize) -> Option<&mut AutomationRun> {
        self.task_mut(number).automation_mut()?.run.as_mut()
    }

    /// Hands the next action to a worker, or ends the run.
    pub(super) fn next_action(&mut self, number: usize) {
        let now = self.env.now;
        let task = self.task_mut(number);
        let attempt = task.attempt + 1;
        let Some(run) = task.automation_mut().and_then(|a| a.run.as_mut()) else { return };
        let next = run.actions.iter_mut().find(|a| a.state == ActionState::Pending);
        match next {
            Some(action) => {
                action.state = ActionState::Running { tries: 1, since: now, resume: None };
                task.attempt = attempt;
            }
            None => {
                let skipped = |a: &crate::flow::ActionRun| matches!(a.state, ActionState::Skipped { .. });
                let all_skipped = !run.actions.is_empty() && run.actions.iter().all(skipped);
                let state = if all_skipped { RunState::Skipped { at: now } } else { RunState::Success { at: now } };
                self.end_run(number, state);
            }
        }
    }

    pub(super) fn action_finished(&mut self, id: &NodeId, attempt: u32, outcome: Outcome) -> Result<(), FlowError> {
        let number = self.number(id)?;
        let (now, jitter) = (self.env.now, self.env.jitter);
        let stale = FlowError::StaleAttempt { task: id.clone(), attempt };
        if self.task(number).attempt != attempt {
            return Err(stale);
        }
        let Some(run) = self.run_mut(number).filter(|r| r.state.is_open()) else { return Err(stale) };
        let Some((index, ActionState::Running { tries, .. })) = run.current() else { return Err(stale) };
        let tries = *tries;
        let action = &mut run.actions[index];
        let mut stops = None;
        let mut state = RunState::InProgress;
        action.state = match outcome {
            Outcome::Completed { output, entity_refs } => {
                ActionState::Completed { at: now, output, entities: entity_refs }
            }
            Outcome::Skipped { reason } => ActionState::Skipped { at: now, reason },
            Outcome::Waiting { resume_key, expires_at } => {
                state = RunState::Paused;
                ActionState::Waiting { tries, resume_key, expires_at }
            }
            Outcome::Defer { until } => {
                state = RunState::Scheduled;
                ActionState::Deferred { tries, until }
            }
            Outcome::Failed(fault) => {
                let wait = if fault.retryable { action.spec.retry.wait_after(tries, jitter) } else { None };
                match wait {
                    Some(wait) => ActionState::Retrying { tries, due: now + wait, fault },
                    None => {
                        stops = (!action.spec.allow_failure).then(|| TaskError::from(fault.clone()));
                        ActionState::Failed { at: now, fault }
                    }
                }
            }
        };
        self.after_action(number, index, state, stops);
        Ok(())
    }

    fn after_action(&mut self, number: usize, index: usize, state: RunState, stops: Option<TaskError>) {
        let now = self.env.now;
        let Some(action) = self.run_mut(number).and_then(|r| r.actions.get(index)) else { return };
        let name = match &action.state {
            ActionState::Completed { .. } => "completed",
            ActionState::Skipped { .. } => "skipped",
            ActionState::Failed { .. } => "failed",
            ActionState::Pending
            | ActionState::Running { .. }
            | ActionState::Retrying { .. }
            | ActionState::Deferred { .. }
            | ActionState::Waiting { .. } => return self.set_run(number, state),
        };
        let detail = json!({ "action": index, "step_type": action.spec.step_type, "status": name });
        self.record(FlowEvent::ActionEnded, Some(number), Some(detail));
        match stops {
            Some(error) => self.end_run(number, RunState::Failed { at: now, error }),
            None => {
                self.set_run(number, state);
                self.next_action(number);
            }
        }
    }

    pub(super) fn resume_action(&mut self, key: &str, data: RawJson) -> Result<(), FlowError> {
        let waits = |run: &AutomationRun| matches!(run.current(), Some((_, ActionState::Waiting { resume_key, .. })) if resume_key == key);
        let number = (0..self.next.tasks.len())
            .find(|&n| self.task(n).automation().and_then(|a| a.run.as_ref()).is_some_and(waits))
            .ok_or(FlowError::UnknownResumeKey)?;
        self.rerun(number, false, Some(data));
        Ok(())
    }

    /// A deferred action goes on before its instant.
    pub(super) fn wake_action(&mut self, number: usize) {
        self.rerun(number, false, None);
    }

    /// The instant of a retry, a deferral or an expiry has come.
    pub(super) fn action_due(&mut self, number: usize) {
        let now = self.env.now;
        let Some((index, state)) = self.run_mut(number).and_then(|r| r.current().map(|(i, s)| (i, s.clone()))) else {
            return;
        };
        match state {
            ActionState::Retrying { .. } => self.rerun(number, true, None),
            ActionState::Deferred { .. } => self.rerun(number, false, None),
            ActionState::Waiting { .. } => {
                let fault = Fault::permanent("WAIT_EXPIRED", "nobody called back in time");
                let Some(action) = self.run_mut(number).and_then(|r| r.actions.get_mut(index)) else { return };
                let stops = (!action.spec.allow_failure).then(|| TaskError::from(fault.clone()));
                action.state = ActionState::Failed { at: now, fault };
                self.after_action(number, index, RunState::InProgress, stops);
            }
            ActionState::Pending
            | ActionState::Running { .. }
            | ActionState::Completed { .. }
            | ActionState::Skipped { .. }
            | ActionState::Failed { .. } => {}
        }
    }

    /// Hands the action that stands still to a worker again.
    fn rerun(&mut self, number: usize, counts: bool, resume: Option<RawJson>) {
        let now = self.env.now;
        let task = self.task_mut(number);
        let attempt = task.attempt + 1;
        let Some(run) = task.automation_mut().and_then(|a| a.run.as_mut()) else { return };
        let Some((index, state)) = run.current() else { return };
        let tries = match state {
            ActionState::Running { tries, .. }
            | ActionState::Retrying { tries, .. }
            | ActionState::Deferred { tries, .. }
            | ActionState::Waiting { tries, .. } => *tries + u32::from(counts),
            ActionState::Pending
            | ActionState::Completed { .. }
            | ActionState::Skipped { .. }
            | ActionState::Failed { .. } => return,
        };
        run.actions[index].state = ActionState::Running { tries, since: now, resume };
        task.attempt = attempt;
        self.set_run(number, RunState::InProgress);
    }
}
