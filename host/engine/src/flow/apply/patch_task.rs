//! Patches of a task.

use super::Work;
use crate::NodeId;
use crate::flow::vocab::{StatusName, TaskStatus};
use crate::flow::{FlowError, TaskPatch, is_allowed};
use serde_json::json;

impl Work<'_> {
    pub(super) fn patch_task(&mut self, id: &NodeId, patch: TaskPatch) -> Result<(), FlowError> {
        let number = self.number(id)?;
        match self.next.status.name() {
            StatusName::Started | StatusName::Done => {}
            closed @ StatusName::Closed => return Err(FlowError::NotStarted(closed)),
        }
        if patch.next_condition_id.is_some() && self.task(number).decision().is_none() {
            return Err(FlowError::invalid("next_condition_id is only for decisions"));
        }
        if let Some(enabled) = patch.enabled {
            let task = self.task_mut(number);
            if task.enabled != enabled {
                task.enabled_override = Some(enabled);
                task.enabled = enabled;
            }
        }
        self.patch_fields(number, &patch);
        if let Some(to) = patch.status {
            self.patch_status(number, to, &patch)?;
        }
        let analytics = &mut self.task_mut(number).analytics;
        for (member, given) in
            [(&mut analytics.in_progress_by, patch.in_progress_by), (&mut analytics.on_hold_by, patch.on_hold_by)]
        {
            *member = given.or(member.take());
        }
        analytics.started_at = patch.started_at.or(analytics.started_at);
        let completed = self.task(number).status == TaskStatus::Completed;
        if let Some(at) = patch.completed_at.filter(|_| completed) {
            self.task_mut(number).analytics.completed_at = Some(at);
        }
        Ok(())
    }

    fn patch_fields(&mut self, number: usize, patch: &TaskPatch) {
        let assigned = patch.assigned_to.as_ref().map(|a| self.resolve(a));
        let task = self.task_mut(number);
        if let Some(name) = &patch.name {
            task.name.clone_from(name);
        }
        if let Some(assigned) = assigned {
            task.assigned_to = assigned;
        }
        if patch.description.is_some() {
            task.description.clone_from(&patch.description);
        }
        if let Some(entity_ref) = &patch.entity_ref {
            task.entity_ref = Some(entity_ref.clone()).filter(|id| !id.is_empty());
        }
        for (member, given) in
            [(&mut task.ecp, &patch.ecp), (&mut task.installer, &patch.installer), (&mut task.partner, &patch.partner)]
        {
            if let Some(value) = given {
                *member = Some(value.clone()).filter(|v| !v.is_null());
            }
        }
        super::due::patch(
            &mut task.due,
            &mut task.due_date_config,
            patch.due_date.clone(),
            patch.due_date_config.clone(),
        );
        if let (Some(config), Some(automation)) = (&patch.automation_config, task.automation_mut()) {
            automation.spec.automation_config = config.clone();
        }
    }

    /// A client sets a status.
    pub(super) fn patch_status(&mut self, number: usize, to: TaskStatus, patch: &TaskPatch) -> Result<(), FlowError> {
        let task = self.task(number);
        let from = task.status;
        // The flag means nothing on the current task and on tasks the flow has not come to.
        let reverting = patch.revert_execution
            && from.is_finished()
            && task.reached
            && !self.is_current(number)
            && matches!(to, TaskStatus::Pending | TaskStatus::InProgress);
        if !is_allowed(from, to, task.task_type(), reverting) {
            return Err(FlowError::InvalidTransition { from, to });
        }
        if from == to {
            return Ok(());
        }
        if !task.enabled {
            return Err(FlowError::Disabled);
        }
        if reverting {
            if self.next.status.name() == StatusName::Done {
                self.reopen();
            }
            self.revert_to(number);
            if to == TaskStatus::InProgress {
                self.task_mut(number).awaits_start = false;
                self.set_status(number, to, None);
            }
            return Ok(());
        }
        let detail = patch.completed_via_journey.then(|| json!({ "completed_via_journey": true }));
        match to {
            TaskStatus::Completed | TaskStatus::Skipped => {
                // Between the two, a decision stays as it was made.
                if self.task(number).decision().is_some() && !from.is_finished() {
                    let chosen = self.chosen_by_hand(number, to, patch.next_condition_id.as_deref())?;
                    self.decide(number, chosen, to);
                } else {
                    self.abandon(number);
                    self.finish(number, to, detail);
                }
            }
            TaskStatus::Pending | TaskStatus::InProgress | TaskStatus::Failed => {
                self.abandon(number);
                self.task_mut(number).awaits_start = false;
                if from.is_finished()
                    && let Some(decision) = self.task_mut(number).decision_mut()
                {
                    decision.chosen = None;
                }
                self.set_status(number, to, detail);
            }
            // A run goes on while its task is put aside; `reconcile` brings the two together again.
            TaskStatus::OnHold => {
                self.clear_schedule(number);
                self.task_mut(number).awaits_start = false;
                if from == TaskStatus::Scheduled || self.task(number).decision().is_some() {
                    self.abandon(number);
                }
                self.set_status(number, to, detail);
            }
            TaskStatus::Scheduled | TaskStatus::ConditionPending | TaskStatus::WaitingForConfirmation => {
                return Err(FlowError::InvalidTransition { from, to });
            }
        }
        Ok(())
    }
}
