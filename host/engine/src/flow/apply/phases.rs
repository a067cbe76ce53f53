//! Phases: their status follows their tasks, and what comes behind them follows their end.

use super::Work;
use crate::NodeId;
use crate::flow::vocab::{PhaseStatus, TaskStatus};
use crate::flow::{FlowError, FlowStatus, PhasePatch};

impl Work<'_> {
    /// Recomputes every phase and goes on behind those that are over; whether anything has changed.
    pub(super) fn refresh_phases(&mut self) -> bool {
        if self.next.phases.is_empty() {
            return false;
        }
        let ahead = self.ahead_of(self.frontier());
        let mut changed = false;
        for number in 0..self.next.phases.len() {
            let (status, all_skipped) = self.phase_status(number, &ahead);
            changed |= self.next.phases[number].status != status;
            self.set_phase_status(number, status, all_skipped);
            let phase = &mut self.next.phases[number];
            if status == PhaseStatus::Completed && phase.path_ended && matches!(self.next.status, FlowStatus::Started) {
                phase.path_ended = false;
                let node = self.graph.phase_node(number);
                self.queue.extend(self.graph.onward(node).map(|a| a.to));
                changed = true;
            }
        }
        changed
    }

    /// A phase's status (source: contracts/epilot.md 2B "Phases"), and whether everything in it was skipped. Tasks
    /// the flow can no longer come to do not count.
    fn phase_status(&self, number: usize, ahead: &[bool]) -> (PhaseStatus, bool) {
        let node = self.graph.phase_node(number);
        let (mut finished, mut skipped, mut open, mut running, mut current) = (0, 0, 0, false, false);
        for member in self.graph.members(node) {
            let task = self.task(member);
            current |= self.is_current(member);
            running |= task.status == TaskStatus::InProgress;
            if task.status.is_finished() {
                finished += 1;
                skipped += usize::from(task.status == TaskStatus::Skipped);
            } else if self.is_coming(member, ahead) {
                open += 1;
            }
        }
        if finished > 0 && open == 0 {
            return (PhaseStatus::Completed, skipped == finished);
        }
        let first = number == 0 && open > 0;
        let next_in_line = || {
            let before = self.graph.predecessors(node);
            self.next.linear && current && before.into_iter().any(|n| n >= self.graph.tasks() && self.is_over(n))
        };
        if first || running || finished > 0 || next_in_line() {
            (PhaseStatus::InProgress, false)
        } else {
            (PhaseStatus::Open, false)
        }
    }

    pub(super) fn patch_phase(&mut self, id: &NodeId, patch: PhasePatch) -> Result<(), FlowError> {
        let unknown = || FlowError::UnknownPhase(id.clone());
        let number = self.next.phases.iter().position(|p| &p.id == id).ok_or_else(unknown)?;
        self.require_started()?;
        let assigned = patch.assigned_to.map(|a| self.resolve(&a));
        let phase = &mut self.next.phases[number];
        if let Some(name) = patch.name {
            phase.name = name;
        }
        if let Some(assigned) = assigned {
            phase.assigned_to = assigned;
        }
        super::due::patch(&mut phase.due, &mut phase.due_date_config, patch.due_date, patch.due_date_config);
        Ok(())
    }
}
