//! Due dates: computed once, when what they count from has happened.

use super::Work;
use crate::Timestamp;
use crate::flow::vocab::PhaseStatus;
use crate::flow::{Due, DueAnchor, DueDateConfig, time_math};

impl Work<'_> {
    /// Computes every due date that is still missing and whose anchor has happened.
    pub(super) fn fill_due_dates(&mut self) {
        let ahead = self.ahead_of(self.frontier());
        if self.next.due.is_none() {
            self.next.due = self.due(self.next.due_date_config.as_ref(), None, &ahead);
        }
        for n in 0..self.next.tasks.len() {
            if self.task(n).due.is_none() {
                let due = self.due(self.task(n).due_date_config.as_ref(), Some(n), &ahead);
                self.task_mut(n).due = due;
            }
        }
        for n in 0..self.next.phases.len() {
            if self.next.phases[n].due.is_none() {
                let node = self.graph.phase_node(n);
                self.next.phases[n].due = self.due(self.next.phases[n].due_date_config.as_ref(), Some(node), &ahead);
            }
        }
    }

    fn due(&self, config: Option<&DueDateConfig>, node: Option<usize>, ahead: &[bool]) -> Option<Due> {
        let config = config?;
        let anchor = match &config.anchor {
            DueAnchor::WorkflowStarted => Some(self.next.started_at),
            DueAnchor::TaskFinished { task_id } => self.next.task_by_any_id(task_id)?.finished_at(),
            DueAnchor::PhaseFinished { phase_id } => {
                let number = self.next.phases.iter().position(|p| &p.template_id == phase_id || &p.id == phase_id)?;
                self.over_at(self.graph.phase_node(number))
            }
            DueAnchor::APrecedingTaskCompleted => self.first_before(node?),
            DueAnchor::AllPrecedingTasksCompleted => self.last_before(node?, ahead),
        }?;
        time_math::due_text(anchor, config.duration, config.unit).map(Due::Computed)
    }

    /// When a task or phase ended.
    pub(super) fn over_at(&self, node: usize) -> Option<Timestamp> {
        match self.graph.phase_number(node) {
            Some(number) => {
                let phase = &self.next.phases[number];
                let at = phase.analytics.completed_at.or(phase.analytics.status_updated_at);
                at.filter(|_| phase.status == PhaseStatus::Completed)
            }
            None => self.next.tasks.get(node)?.finished_at(),
        }
    }

    /// When the first direct predecessor ended; what has none counts from the start.
    fn first_before(&self, node: usize) -> Option<Timestamp> {
        let before = self.graph.predecessors(node);
        if before.is_empty() {
            return Some(self.next.started_at);
        }
        before.into_iter().filter_map(|n| self.over_at(n)).min()
    }

    /// When the last direct predecessor ended, once all have; what has none counts from the start.
    pub(super) fn last_before(&self, node: usize, ahead: &[bool]) -> Option<Timestamp> {
        let before = self.graph.predecessors(node);
        if before.is_empty() {
            return Some(self.next.started_at);
        }
        if !self.all_before(node, ahead) {
            return None;
        }
        before.into_iter().filter_map(|n| self.over_at(n)).max()
    }
}

/// Takes a patch over: an explicit date wins, and a config alone lets a computed date be computed again. A date sent
/// back as it was is no explicit one; an empty text takes the date away, and a config then computes it again.
pub(super) fn patch(
    due: &mut Option<Due>,
    config: &mut Option<DueDateConfig>,
    new_due: Option<String>,
    new_config: Option<DueDateConfig>,
) {
    let config_changed = new_config.is_some() && new_config != *config;
    if config_changed {
        *config = new_config;
    }
    match new_due {
        Some(text) if due.as_ref().map(Due::as_str) == Some(&text) => {}
        Some(text) if text.is_empty() => *due = None,
        Some(text) => *due = Some(Due::Set(text)),
        None if config_changed && matches!(due, Some(Due::Computed(_))) => *due = None,
        None => {}
    }
}
