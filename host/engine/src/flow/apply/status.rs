//! The table of task transitions, and what each status leaves in the analytics.

use super::Work;
use crate::flow::vocab::{SyncEvent, TaskStatus, TaskType};
use crate::flow::{FlowEvent, TaskError};
use serde_json::{Value, json};

/// Whether a client may patch a task from one status to another (source: contracts/epilot.md 2B "Task transitions").
/// `reverting` is a patch with `revert_execution` of a task the flow has gone past. The same status is no change and
/// always allowed. What a decision needs on top (a branch) is checked elsewhere.
pub const fn is_allowed(from: TaskStatus, to: TaskStatus, task_type: TaskType, reverting: bool) -> bool {
    use TaskStatus::{
        Completed, ConditionPending, Failed, InProgress, OnHold, Pending, Scheduled, Skipped, WaitingForConfirmation,
    };
    match (from, to) {
        (Pending, Pending)
        | (InProgress, InProgress)
        | (Completed, Completed)
        | (Skipped, Skipped)
        | (OnHold, OnHold)
        | (Scheduled, Scheduled)
        | (ConditionPending, ConditionPending)
        | (WaitingForConfirmation, WaitingForConfirmation)
        | (Failed, Failed) => true,
        (_, Scheduled | ConditionPending | WaitingForConfirmation) => false,
        (Pending | OnHold | Failed | Scheduled, Pending | InProgress | Completed | Skipped | OnHold) => true,
        (Pending | OnHold | Scheduled, Failed) => false,
        (InProgress, Pending | Completed | Skipped | OnHold) => true,
        (InProgress, Failed) => matches!(task_type, TaskType::Automation | TaskType::AiAgent),
        (Completed | Skipped, Pending | Completed | Skipped) => true,
        (Completed | Skipped, InProgress) => reverting,
        (Completed | Skipped, OnHold | Failed) => false,
        (ConditionPending | WaitingForConfirmation, Pending | InProgress | Failed) => false,
        (ConditionPending | WaitingForConfirmation, Completed | Skipped | OnHold) => true,
    }
}

impl Work<'_> {
    /// Sets a task's status with everything that says so: analytics, history, entity sync. Nothing else moves.
    pub(super) fn set_status(&mut self, number: usize, to: TaskStatus, detail: Option<Value>) {
        let (now, user) = (self.env.now, self.env.user());
        let task = self.task_mut(number);
        if task.status == to {
            return;
        }
        let from = std::mem::replace(&mut task.status, to);
        task.updated_at = now;
        if to != TaskStatus::Failed {
            task.error = None;
        }
        let analytics = &mut task.analytics;
        analytics.status_updated_at = Some(now);
        if from == TaskStatus::Pending {
            analytics.started_at.get_or_insert(now);
        }
        if from.is_finished() {
            analytics.completed_at = None;
            analytics.completed_by = None;
            analytics.skipped_by = None;
        }
        let event = match to {
            TaskStatus::Pending => return,
            TaskStatus::InProgress => {
                analytics.in_progress_at = Some(now);
                analytics.in_progress_by = user;
                FlowEvent::Sync(SyncEvent::TaskMarkedInProgress)
            }
            TaskStatus::Completed => {
                analytics.completed_at = Some(now);
                analytics.completed_by = user;
                FlowEvent::Sync(SyncEvent::TaskCompleted)
            }
            TaskStatus::Skipped => {
                analytics.skipped_by = user;
                FlowEvent::Sync(SyncEvent::TaskSkipped)
            }
            TaskStatus::OnHold => {
                analytics.on_hold_by = user;
                FlowEvent::Sync(SyncEvent::TaskMarkedOnHold)
            }
            TaskStatus::Scheduled => FlowEvent::TaskScheduled,
            TaskStatus::ConditionPending | TaskStatus::WaitingForConfirmation => FlowEvent::TaskWaiting,
            TaskStatus::Failed => FlowEvent::TaskFailed,
        };
        match event {
            FlowEvent::Sync(event) => self.record_sync(event, Some(number), None, detail),
            other => self.record(other, Some(number), detail),
        }
    }

    /// The task fails; it stays where it is and the flow does not advance.
    pub(super) fn fail(&mut self, number: usize, error: TaskError) {
        self.abandon(number);
        let detail = json!(error);
        self.task_mut(number).awaits_start = false;
        self.set_status(number, TaskStatus::Failed, Some(detail));
        self.task_mut(number).error = Some(error);
    }

    /// The task is over; when the flow stands at it and runs, it goes on.
    pub(super) fn finish(&mut self, number: usize, to: TaskStatus, detail: Option<Value>) {
        self.clear_schedule(number);
        self.task_mut(number).awaits_start = false;
        self.set_status(number, to, detail);
        if self.next.is_started() {
            self.leave(number);
        }
    }

    /// A finished task leaves the frontier, and the flow follows it. Nothing for a task that is not current.
    pub(super) fn leave(&mut self, number: usize) {
        if !self.is_current(number) {
            return;
        }
        let id = self.task(number).id.clone();
        self.next.crt_tasks.retain(|c| c.id != id);
        self.advanced = true;
        self.passed.insert(number);
        self.follow(number);
    }
}
