//! Which tasks are enabled.

use super::Work;
use crate::flow::Requirement;
use crate::flow::vocab::PhaseStatus;

impl Work<'_> {
    /// Recomputes `enabled` of every task; whether anything has changed.
    pub(super) fn refresh_enabled(&mut self) -> bool {
        let ahead = if self.next.linear { self.ahead_of(self.frontier()) } else { Vec::new() };
        let enabled: Vec<bool> = (0..self.next.tasks.len())
            .map(|n| {
                let by_itself =
                    || if self.next.linear { self.all_before(n, &ahead) } else { self.requirements_hold(n) };
                self.task(n).enabled_override.unwrap_or_else(by_itself)
            })
            .collect();
        let mut changed = false;
        for (task, enabled) in self.next.tasks.iter_mut().zip(enabled) {
            changed |= task.enabled != enabled;
            task.enabled = enabled;
        }
        changed
    }

    /// A requirement about something the execution does not have (purposes have left it out) holds.
    fn requirements_hold(&self, number: usize) -> bool {
        self.task(number).requirements.iter().all(|requirement| match requirement {
            Requirement::TaskFinished { task_id } => {
                self.next.task_by_any_id(task_id).is_none_or(|t| t.status.is_finished())
            }
            Requirement::PhaseFinished { phase_id } => {
                self.next.phase_by_any_id(phase_id).is_none_or(|p| p.status == PhaseStatus::Completed)
            }
        })
    }

    /// Whether all direct predecessors are over; branches not taken do not count.
    pub(super) fn all_before(&self, node: usize, ahead: &[bool]) -> bool {
        self.graph.predecessors(node).into_iter().all(|before| self.is_over(before) || !self.is_coming(before, ahead))
    }

    pub(super) fn is_over(&self, node: usize) -> bool {
        match self.graph.phase_number(node) {
            Some(phase) => self.next.phases[phase].status == PhaseStatus::Completed,
            None => self.next.tasks.get(node).is_none_or(|t| t.status.is_finished()),
        }
    }

    /// Whether the flow stands at a node or may still come to it.
    pub(super) fn is_coming(&self, node: usize, ahead: &[bool]) -> bool {
        let standing = |n: usize| n < self.graph.tasks() && self.is_current(n);
        let inside =
            || self.graph.phase_number(node).is_some() && self.graph.members(node).any(|m| standing(m) || ahead[m]);
        ahead[node] || standing(node) || inside()
    }
}
