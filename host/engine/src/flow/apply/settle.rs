//! After a command: lets everything follow that follows by itself, until nothing moves any more.

use super::Work;
use crate::flow::vocab::SyncEvent;
use crate::flow::{FlowStatus, TaskKind};

impl Work<'_> {
    pub(super) fn settle(&mut self) {
        loop {
            while let Some(node) = self.queue.pop_front() {
                if self.next.is_started() {
                    self.activate(node);
                }
            }
            let mut moved = self.refresh_enabled();
            moved |= self.refresh_phases();
            if self.next.is_started() {
                moved |= self.launch_ready();
                moved |= self.arm_waiting();
            }
            if !moved && self.queue.is_empty() {
                break;
            }
        }
        self.fill_due_dates();
        if self.advanced && self.next.is_started() && self.next.crt_tasks.is_empty() {
            self.next.status = FlowStatus::Done { at: self.env.now };
            self.record_sync(SyncEvent::FlowCompleted, None, None, None);
        }
    }

    /// Starts current tasks that have waited to be enabled.
    fn launch_ready(&mut self) -> bool {
        let ready: Vec<usize> =
            self.frontier().into_iter().filter(|&n| self.task(n).awaits_start && self.task(n).enabled).collect();
        for &number in &ready {
            self.launch(number);
        }
        !ready.is_empty()
    }

    /// Starts an automatic task: by its schedule if it has one that defers, else at once.
    pub(super) fn launch(&mut self, number: usize) {
        self.task_mut(number).awaits_start = false;
        if self.task(number).schedule().is_some_and(crate::flow::Schedule::defers) {
            return self.arm(number);
        }
        self.run_now(number);
    }

    /// Starts what a task is for, whatever its schedule says.
    pub(super) fn run_now(&mut self, number: usize) {
        match self.task(number).kind {
            TaskKind::Manual => {}
            TaskKind::Automation(_) => self.start_run(number),
            TaskKind::Decision(_) => self.ask(number, None),
            TaskKind::AiAgent(_) => self.start_agent(number),
        }
    }
}
