//! Going back: resetting tasks, abandoning their work.

use super::Work;
use crate::flow::task::Analytics;
use crate::flow::vocab::TaskStatus;
use crate::flow::{Due, FlowEvent, TaskKind};
use serde_json::json;

impl Work<'_> {
    /// Takes the flow back to a finished task: it becomes current and starts over, as does everything behind it.
    /// Current tasks that do not lie behind it stay current. Automatic tasks start again by themselves.
    pub(super) fn revert_to(&mut self, number: usize) {
        let behind = self.graph.reach([number], |arc| !arc.back);
        self.record(FlowEvent::TaskReverted, Some(number), Some(json!({ "from": self.task(number).status })));
        for node in (0..self.graph.trigger()).filter(|&n| n == number || behind[n]) {
            self.reset(node, true);
        }
        if let Some(phase) = self.graph.phase_of(number).and_then(|n| self.graph.phase_number(n)) {
            self.next.phases[phase].path_ended = false;
        }
        self.make_current(number);
    }

    /// Sets a node back to how it was before the flow came to it. Counters of loops go back only with `counters`.
    pub(super) fn reset(&mut self, node: usize, counters: bool) {
        if let Some(phase) = self.graph.phase_number(node) {
            let phase = &mut self.next.phases[phase];
            phase.path_ended = false;
            if matches!(phase.due, Some(Due::Computed(_))) {
                phase.due = None;
            }
            return;
        }
        if node >= self.graph.tasks() {
            return;
        }
        self.abandon(node);
        self.passed.remove(&node);
        let id = self.task(node).id.clone();
        self.next.crt_tasks.retain(|c| c.id != id);
        if let Some(phase) = self.graph.phase_of(node).and_then(|n| self.graph.phase_number(n)) {
            self.next.phases[phase].path_ended = false;
        }
        let task = self.task_mut(node);
        task.status = TaskStatus::Pending;
        task.analytics = Analytics::default();
        task.reached = false;
        task.awaits_start = false;
        task.enabled_override = None;
        task.error = None;
        if matches!(task.due, Some(Due::Computed(_))) {
            task.due = None;
        }
        match &mut task.kind {
            TaskKind::Manual => {}
            TaskKind::Automation(automation) => {
                automation.run = None;
                automation.heal_attempts = 0;
                automation.last_heal_attempted_at = None;
            }
            TaskKind::Decision(decision) => {
                decision.chosen = None;
                for condition in &mut decision.spec.conditions {
                    condition.is_met = None;
                    condition.evaluated_at = None;
                }
                if let Some(config) = decision.spec.loop_config.as_mut().filter(|_| counters) {
                    config.crt_iterations = 0;
                }
            }
            TaskKind::AiAgent(agent) => agent.run = None,
        }
    }

    /// Makes every answer that is under way for this task stale, and stops what it was doing.
    pub(super) fn abandon(&mut self, number: usize) {
        self.clear_schedule(number);
        let now = self.env.now;
        let task = self.task_mut(number);
        let open = match &mut task.kind {
            TaskKind::Manual => false,
            TaskKind::Automation(automation) => automation.run.as_mut().is_some_and(|run| run.abandon(now)),
            TaskKind::Decision(decision) => decision.asked.take().is_some(),
            TaskKind::AiAgent(agent) => agent.run.as_mut().is_some_and(|run| run.abandon(now)),
        };
        if open {
            task.attempt += 1;
        }
    }
}
