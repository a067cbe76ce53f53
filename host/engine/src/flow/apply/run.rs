//! Runs of automations as a whole: starting, resolving, ending, reconciling.

use super::Work;
use crate::NodeId;
use crate::flow::automation::{ActionRun, ActionState, AutomationRun, RunState};
use crate::flow::vocab::TaskStatus;
use crate::flow::{FlowError, FlowEvent, InputContext, Resolved, Task, TaskError, TaskKind};
use crate::outcome::EntityRef;
use serde_json::json;

impl Work<'_> {
    /// `automation:run`.
    pub(super) fn run_automation(&mut self, id: &NodeId) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        if self.task(number).automation().is_none() {
            return Err(FlowError::invalid("Task is not an automation task"));
        }
        self.require_startable(number)?;
        self.abandon(number);
        self.start_run(number);
        Ok(())
    }

    /// # Errors
    /// When the task is disabled, runs, waits, or is over.
    pub(super) fn require_startable(&self, number: usize) -> Result<(), FlowError> {
        let task = self.task(number);
        if !task.enabled {
            return Err(FlowError::Disabled);
        }
        match task.status {
            TaskStatus::Pending | TaskStatus::OnHold | TaskStatus::Failed | TaskStatus::Scheduled => Ok(()),
            TaskStatus::ConditionPending if task.decision().is_some() => Ok(()),
            TaskStatus::ConditionPending
            | TaskStatus::InProgress
            | TaskStatus::Completed
            | TaskStatus::Skipped
            | TaskStatus::WaitingForConfirmation => {
                Err(FlowError::InvalidTransition { from: task.status, to: TaskStatus::InProgress })
            }
        }
    }

    /// Starts a run: a worker has to look the actions up next.
    pub(super) fn start_run(&mut self, number: usize) {
        self.clear_schedule(number);
        let Some(input) = self.input_of(number) else {
            let reason = "the automation has no entity to run on";
            return self.fail(number, TaskError::new("ENTITY_NOT_FOUND", reason));
        };
        let (now, execution_id) = (self.env.now, self.env.ids.fresh());
        let task = self.task_mut(number);
        task.attempt += 1;
        task.awaits_start = false;
        if let Some(automation) = task.automation_mut() {
            let state = RunState::Starting { since: now };
            automation.run =
                Some(AutomationRun { execution_id: execution_id.clone(), state, input, actions: Vec::new() });
        }
        self.record(FlowEvent::AutomationStarted, Some(number), Some(json!({ "execution_id": execution_id })));
        self.set_status(number, TaskStatus::InProgress, None);
    }

    fn input_of(&self, number: usize) -> Option<EntityRef> {
        match &self.task(number).automation()?.spec.automation_config.input_context {
            None | Some(InputContext::Trigger) => self.next.primary(),
            Some(InputContext::Task { task_id }) => self.next.task_by_any_id(task_id).and_then(Task::produced).cloned(),
        }
    }

    pub(super) fn automation_resolved(&mut self, id: &NodeId, attempt: u32, found: Resolved) -> Result<(), FlowError> {
        let number = self.number(id)?;
        let now = self.env.now;
        let stale = FlowError::StaleAttempt { task: id.clone(), attempt };
        let task = self.task_mut(number);
        let awaited = task.attempt == attempt;
        let run = task.automation_mut().and_then(|a| a.run.as_mut());
        let run = run.filter(|r| awaited && matches!(r.state, RunState::Starting { .. })).ok_or(stale)?;
        match found {
            Resolved::Found { actions, pins } => {
                run.state = RunState::InProgress;
                run.actions = actions.into_iter().map(|spec| ActionRun { spec, state: ActionState::Pending }).collect();
                for (plugin, digest) in pins {
                    self.next.pins.entry(plugin).or_insert(digest);
                }
                self.next_action(number);
            }
            Resolved::Unknown => {
                let error = TaskError::new("AUTOMATION_NOT_FOUND", "there is no automation with this flow_id");
                self.end_run(number, RunState::Failed { at: now, error });
            }
            Resolved::Hot => self.end_run(number, RunState::Hot { at: now }),
        }
        Ok(())
    }

    /// Sets a run's state; a task that follows its run goes along.
    pub(super) fn set_run(&mut self, number: usize, state: RunState) {
        let follows = self.follows_run(number);
        if let Some(run) = self.task_mut(number).automation_mut().and_then(|a| a.run.as_mut()) {
            run.state = state;
        }
        if follows {
            self.take_over_run(number);
        }
    }

    /// Ends a run.
    pub(super) fn end_run(&mut self, number: usize, state: RunState) {
        let detail = json!({ "execution_status": state.name(), "error": state.error() });
        self.record(FlowEvent::AutomationEnded, Some(number), Some(detail));
        self.set_run(number, state);
    }

    /// Whether the task stands where its run stands; one that somebody has patched meanwhile does not.
    fn follows_run(&self, number: usize) -> bool {
        let task = self.task(number);
        let run = task.automation().and_then(|a| a.run.as_ref());
        run.is_some_and(|r| r.state.is_open() && r.state.task_status() == task.status)
    }

    /// Gives a task the status of its run. Only a running flow advances from it.
    fn take_over_run(&mut self, number: usize) {
        let run = self.task(number).automation().and_then(|a| a.run.as_ref());
        let Some((to, error)) = run.map(|r| (r.state.task_status(), r.state.error())) else { return };
        match (error, to) {
            (Some(error), _) => self.fail(number, error),
            (None, TaskStatus::Completed | TaskStatus::Skipped) => self.finish(number, to, None),
            (None, _) => self.set_status(number, to, None),
        }
    }

    pub(super) fn cancel_automation(&mut self, id: &NodeId) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        let follows = self.follows_run(number);
        self.abandon(number);
        if !follows {
            return Err(FlowError::invalid("Task has no running automation"));
        }
        self.record(FlowEvent::AutomationEnded, Some(number), Some(json!({ "execution_status": "cancelled" })));
        self.finish(number, TaskStatus::Skipped, None);
        Ok(())
    }

    /// `reconcile-automation`: a run that has ended corrects a task that has not.
    pub(super) fn reconcile(&mut self, id: &NodeId) -> Result<(), FlowError> {
        let number = self.number(id)?;
        let task = self.task(number);
        let TaskKind::Automation(automation) = &task.kind else {
            return Err(FlowError::invalid("Task is not an automation task"));
        };
        let ended = automation.run.as_ref().filter(|r| !r.state.is_open());
        let differs = ended.is_some_and(|r| r.state.task_status() != task.status);
        if !differs || task.status.is_finished() {
            return Err(FlowError::NothingToDo);
        }
        self.take_over_run(number);
        Ok(())
    }
}
