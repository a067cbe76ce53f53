//! What happens because an instant has come: schedules, retries, deferrals, expiries, healing.

use super::Work;
use crate::Timestamp;
use crate::flow::vocab::TaskStatus;
use crate::flow::{Flow, FlowError, FlowEvent, ScheduleState, Task, TaskError, TaskKind};
use serde_json::json;
use std::time::Duration;

/// How long an automatic automation may stand still before the host starts it, and the pause between two tries.
pub const HEAL_AFTER: Duration = Duration::from_secs(60);
/// How often the host starts an automation that stands still before the task fails.
pub const MOST_HEALS: u32 = 3;

/// What comes due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Timer {
    Schedule,
    Action,
    Heal,
}

impl Flow {
    /// When the engine must be called with `TimerFired`, if nothing else happens first.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers().map(|(at, ..)| at).min()
    }

    fn timers(&self) -> impl Iterator<Item = (Timestamp, Timer, usize)> + '_ {
        let deleted = self.deleted_at.is_some();
        let tasks = self.tasks.iter().enumerate().filter(move |_| !deleted);
        tasks.flat_map(|(n, task)| {
            // Runs finish even when the flow has ended; schedules and healing need it to go on.
            let schedule = task.schedule_state().and_then(ScheduleState::armed).map(|(_, at)| at);
            let schedule = schedule.filter(|_| self.is_started());
            let action = task.automation().and_then(|a| a.run.as_ref()).filter(|r| r.state.is_open());
            let heal = self.heal_due(task).filter(|_| self.is_started());
            let timers =
                [(schedule, Timer::Schedule), (action.and_then(|r| r.next_due()), Timer::Action), (heal, Timer::Heal)];
            timers.into_iter().filter_map(move |(at, timer)| Some((at?, timer, n)))
        })
    }

    fn heal_due(&self, task: &Task) -> Option<Timestamp> {
        let automation = task.automation()?;
        let stands = task.is_automatic() && task.enabled && !task.awaits_start && automation.run.is_none();
        if !stands || task.status != TaskStatus::Pending {
            return None;
        }
        let current = self.crt_tasks.iter().find(|c| c.id == task.id)?;
        Some(automation.last_heal_attempted_at.map_or(current.crt_since, |at| at.max(current.crt_since)) + HEAL_AFTER)
    }
}

impl Work<'_> {
    pub(super) fn timer_fired(&mut self) -> Result<(), FlowError> {
        let now = self.env.now;
        let mut due: Vec<(Timestamp, Timer, usize)> = self.next.timers().filter(|(at, ..)| *at <= now).collect();
        if due.is_empty() {
            return Err(FlowError::NothingToDo);
        }
        due.sort_by_key(|(at, _, number)| (*at, *number));
        for (at, timer, number) in due {
            // An earlier one may have moved this task on.
            if !self.next.timers().any(|left| left == (at, timer, number)) {
                continue;
            }
            match timer {
                Timer::Schedule => self.fire(number),
                Timer::Action => self.action_due(number),
                Timer::Heal => self.heal(number),
            }
        }
        Ok(())
    }

    fn heal(&mut self, number: usize) {
        let now = self.env.now;
        let TaskKind::Automation(automation) = &mut self.task_mut(number).kind else { return };
        if automation.heal_attempts >= MOST_HEALS {
            let reason = format!("the automation could not be started in {MOST_HEALS} tries");
            return self.fail(number, TaskError::new("AUTOMATION_NOT_STARTED", reason));
        }
        automation.heal_attempts += 1;
        automation.last_heal_attempted_at = Some(now);
        let detail = json!({ "heal_attempts": automation.heal_attempts });
        self.record(FlowEvent::AutomationHealed, Some(number), Some(detail));
        self.launch(number);
    }
}
