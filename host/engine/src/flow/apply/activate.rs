//! How a flow comes to a node, and where it goes from there (source: contracts/epilot.md 2B "Node activation").

use super::Work;
use crate::flow::Current;

impl Work<'_> {
    /// The flow comes to a node. Joins are OR: the first to come activates, later ones find the task current.
    pub(super) fn activate(&mut self, node: usize) {
        if let Some(phase) = self.graph.phase_number(node) {
            return self.enter_phase(phase);
        }
        if node >= self.graph.tasks() {
            return;
        }
        self.next.tasks[node].reached = true;
        if self.task(node).status.is_finished() {
            // Done ahead of time, or come to a second time.
            if self.passed.insert(node) {
                self.follow(node);
            }
            return;
        }
        self.make_current(node);
    }

    /// Puts a task into the frontier, to start by itself if it is automatic.
    pub(super) fn make_current(&mut self, number: usize) {
        if self.is_current(number) {
            return;
        }
        let id = self.task(number).id.clone();
        self.next.crt_tasks.push(Current { id, crt_since: self.env.now });
        let task = self.task_mut(number);
        task.reached = true;
        // One that runs already was started ahead of time.
        task.awaits_start = task.is_automatic() && task.status == crate::flow::TaskStatus::Pending;
    }

    fn enter_phase(&mut self, phase: usize) {
        let now = self.env.now;
        self.next.phases[phase].analytics.started_at.get_or_insert(now);
        let node = self.graph.phase_node(phase);
        let entries = self.graph.entries(node);
        if entries.is_empty() {
            // All its tasks were taken away.
            self.queue.extend(self.graph.onward(node).map(|a| a.to).collect::<Vec<_>>());
        }
        self.queue.extend(entries);
    }

    /// Goes on behind a finished task: along all its edges, or those its decision takes.
    pub(super) fn follow(&mut self, number: usize) {
        self.count_loop(number);
        let chosen = self.task(number).decision().map(|d| d.chosen.clone().unwrap_or_default());
        let targets: Vec<usize> = self
            .graph
            .arcs_out(number)
            .filter_map(|arc| {
                let edge = &self.next.edges[arc.edge?];
                chosen.as_ref().is_none_or(|c| super::decision::takes(c, edge)).then_some(arc.to)
            })
            .collect();
        self.turn_loop(number);
        if targets.is_empty()
            && let Some(phase) = self.graph.phase_of(number).and_then(|n| self.graph.phase_number(n))
        {
            self.next.phases[phase].path_ended = true;
        }
        self.queue.extend(targets);
    }
}
