//! Patches of an execution as a whole: status, assignees, closing, due date, contexts.

use super::Work;
use crate::flow::entity;
use crate::flow::vocab::{StatusName, SyncEvent, TaskStatus};
use crate::flow::{Assignee, ClosingReason, Context, FlowError, FlowPatch, FlowStatus, ScheduleState};

impl Work<'_> {
    pub(super) fn patch_flow(&mut self, patch: FlowPatch) -> Result<(), FlowError> {
        if let Some(contexts) = patch.contexts {
            self.next.contexts = check_contexts(contexts)?;
        }
        if let Some(assigned) = patch.assigned_to {
            self.next.assigned_to = self.resolve(&assigned);
        }
        super::due::patch(&mut self.next.due, &mut self.next.due_date_config, patch.due_date, patch.due_date_config);
        if let Some(selected) = patch.selected_reasons {
            self.next.closing.selected_reasons = self.check_reasons(selected)?;
        }
        if let Some(text) = patch.extra_description {
            self.next.closing.extra_description = Some(text);
        }
        let now = self.env.now;
        let (from, to) = (self.next.status.name(), patch.status.unwrap_or(self.next.status.name()));
        match (from, to) {
            (StatusName::Started, StatusName::Started)
            | (StatusName::Done, StatusName::Done)
            | (StatusName::Closed, StatusName::Closed) => Ok(()),
            (StatusName::Started, StatusName::Done) => {
                self.next.status = FlowStatus::Done { at: patch.completed_at.unwrap_or(now) };
                self.record_sync(SyncEvent::FlowCompleted, None, None, None);
                Ok(())
            }
            (StatusName::Started | StatusName::Done, StatusName::Closed) => {
                self.changed_by.clone_from(&patch.closed_by);
                self.next.status = FlowStatus::Closed { at: now, by: patch.closed_by.or_else(|| self.env.user()) };
                self.suspend_schedules();
                self.record_sync(SyncEvent::FlowCancelled, None, None, None);
                Ok(())
            }
            (StatusName::Closed, StatusName::Done) => Err(FlowError::InvalidFlowTransition { from, to }),
            (StatusName::Done | StatusName::Closed, StatusName::Started) => {
                self.reopen();
                Ok(())
            }
        }
    }

    /// Schedules of tasks that wait are cancelled; the tasks stay SCHEDULED, to be armed again by a reopening.
    fn suspend_schedules(&mut self) {
        for task in &mut self.next.tasks {
            if let Some(state @ ScheduleState::Armed { .. }) = task.schedule_state_mut() {
                *state = ScheduleState::Waiting;
            }
        }
    }

    /// The flow runs again: what had finished meanwhile is followed, and schedules are armed afresh.
    pub(super) fn reopen(&mut self) {
        self.next.status = FlowStatus::Started;
        self.next.closing.selected_reasons.clear();
        self.next.closing.extra_description = None;
        self.record_sync(SyncEvent::FlowReopened, None, None, None);
        self.suspend_schedules();
        for number in self.frontier() {
            match self.task(number).status {
                TaskStatus::Completed | TaskStatus::Skipped => self.leave(number),
                TaskStatus::Pending
                | TaskStatus::InProgress
                | TaskStatus::OnHold
                | TaskStatus::Scheduled
                | TaskStatus::ConditionPending
                | TaskStatus::WaitingForConfirmation
                | TaskStatus::Failed => {}
            }
        }
    }

    fn check_reasons(&self, selected: Vec<ClosingReason>) -> Result<Vec<ClosingReason>, FlowError> {
        let closing = &self.next.closing;
        if closing.single_selection && selected.len() > 1 {
            return Err(FlowError::invalid("only one closing reason may be selected"));
        }
        if closing.configured_reasons.is_empty() {
            return Ok(selected);
        }
        let configured = |reason: ClosingReason| {
            let known = closing.configured_reasons.iter().find(|c| c.id == reason.id).cloned();
            known.ok_or_else(|| FlowError::invalid(format!("'{}' is no configured closing reason", reason.id)))
        };
        selected.into_iter().map(configured).collect()
    }

    /// Resolves variables from the primary entity.
    pub(super) fn resolve(&self, assignees: &[Assignee]) -> Vec<Assignee> {
        let primary = self.next.primary();
        entity::resolve(assignees, primary.and_then(|p| self.env.entities.get(&p)))
    }
}

/// Checks contexts; without a primary one, the first becomes it.
///
/// # Errors
/// When there is none, one lacks an id or schema, or several are primary.
pub fn check_contexts(mut contexts: Vec<Context>) -> Result<Vec<Context>, FlowError> {
    if contexts.is_empty() {
        return Err(FlowError::invalid("contexts must have at least one entry"));
    }
    if contexts.iter().any(|c| c.entity_id.is_empty() || c.entity_schema.is_empty()) {
        return Err(FlowError::invalid("contexts need entity_id and entity_schema"));
    }
    match contexts.iter().filter(|c| c.is_primary).count() {
        0 => contexts[0].is_primary = true,
        1 => {}
        _ => return Err(FlowError::invalid("only one context may be primary")),
    }
    Ok(contexts)
}
