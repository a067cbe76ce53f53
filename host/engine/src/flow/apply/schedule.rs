//! Schedules of tasks: arming, cancelling, firing (source: contracts/epilot.md 2B "Schedules").

use super::Work;
use super::decision::DefaultBranch;
use crate::flow::entity::look_up;
use crate::flow::task::Chosen;
use crate::flow::vocab::{Direction, TaskStatus};
use crate::flow::{
    EntityDiff, FlowError, FlowEvent, Origin, Reference, Schedule, ScheduleState, TaskError, TaskKind, time_math,
};
use crate::outcome::EntityRef;
use crate::{NodeId, Timestamp};
use serde_json::json;

/// When a schedule fires.
enum Fire {
    At(Timestamp),
    /// The anchor has not happened.
    NotYet,
    /// It never will, or is over.
    Never(String),
}

impl Work<'_> {
    /// Puts a task on its schedule; a schedule that cannot fire fails the task.
    pub(super) fn arm(&mut self, number: usize) {
        match self.fire_time(number) {
            Fire::At(at) if at >= self.env.now => {
                let schedule_id = format!("sch_{}", self.env.ids.fresh());
                let detail = json!({ "schedule_id": schedule_id, "scheduled_at": at.to_rfc3339_millis() });
                if let Some(state) = self.task_mut(number).schedule_state_mut() {
                    *state = ScheduleState::Armed { schedule_id, scheduled_at: at };
                }
                match self.task(number).status {
                    TaskStatus::Scheduled => self.record(FlowEvent::TaskScheduled, Some(number), Some(detail)),
                    _ => self.set_status(number, TaskStatus::Scheduled, Some(detail)),
                }
            }
            Fire::NotYet => {
                if let Some(state) = self.task_mut(number).schedule_state_mut() {
                    *state = ScheduleState::Waiting;
                }
                self.set_status(number, TaskStatus::Scheduled, None);
            }
            Fire::At(at) => self.fail_schedule(number, format!("the scheduled time {at} is over")),
            Fire::Never(reason) => self.fail_schedule(number, reason),
        }
    }

    fn fail_schedule(&mut self, number: usize, reason: String) {
        self.fail(number, TaskError::new("INVALID_SCHEDULE_CONFIG", reason));
    }

    /// Arms what has waited for its anchor; whether any was.
    pub(super) fn arm_waiting(&mut self) -> bool {
        let waiting: Vec<usize> = self
            .frontier()
            .into_iter()
            .filter(|&n| self.task(n).schedule_state() == Some(&ScheduleState::Waiting))
            .filter(|&n| !matches!(self.fire_time(n), Fire::NotYet))
            .collect();
        for &number in &waiting {
            self.arm(number);
        }
        !waiting.is_empty()
    }

    fn fire_time(&self, number: usize) -> Fire {
        let over = || Fire::Never("the schedule leaves the calendar".into());
        match self.task(number).schedule() {
            None | Some(Schedule::Immediate) => Fire::At(self.env.now),
            Some(Schedule::Delayed { duration, unit }) => {
                time_math::shift(self.env.now, *duration, *unit, false).map_or_else(over, Fire::At)
            }
            Some(Schedule::Relative { direction, duration, unit, reference }) => match self.anchor(number, reference) {
                Fire::At(anchor) => {
                    let back = *direction == Direction::Before;
                    time_math::shift(anchor, *duration, *unit, back).map_or_else(over, Fire::At)
                }
                other @ (Fire::NotYet | Fire::Never(_)) => other,
            },
        }
    }

    fn anchor(&self, number: usize, reference: &Reference) -> Fire {
        match &reference.origin {
            Origin::FlowStarted => Fire::At(self.next.started_at),
            Origin::TaskCompleted => {
                let id = NodeId::new(reference.id.as_str());
                match self.next.task_by_any_id(&id) {
                    Some(task) => task.finished_at().map_or(Fire::NotYet, Fire::At),
                    None => Fire::Never(format!("no task has the id '{id}'")),
                }
            }
            Origin::TriggerEntityAttribute { schema, attribute } => self.entity_anchor(schema, attribute),
            Origin::AllPrecedingTasksCompleted => {
                let ahead = self.ahead_of(self.frontier());
                self.last_before(number, &ahead).map_or(Fire::NotYet, Fire::At)
            }
        }
    }

    fn entity_anchor(&self, schema: &str, attribute: &str) -> Fire {
        let contexts = self.next.contexts.iter().filter(|c| c.entity_schema == schema);
        let Some(context) = contexts.max_by_key(|c| c.is_primary) else {
            return Fire::Never(format!("no context has the schema '{schema}'"));
        };
        let entity = EntityRef { schema: schema.to_owned(), id: context.entity_id.clone() };
        let value = self.env.entities.get(&entity).and_then(|e| look_up(&e.attributes, attribute));
        match value.map(time_math::read_date) {
            Some(Some(at)) => Fire::At(at),
            Some(None) => Fire::Never(format!("the attribute '{attribute}' of the {schema} is no date")),
            None => Fire::Never(format!("the {schema} has no attribute '{attribute}'")),
        }
    }

    /// Forgets a schedule. The status is the caller's business.
    pub(super) fn clear_schedule(&mut self, number: usize) {
        if let Some(state) = self.task_mut(number).schedule_state_mut() {
            *state = ScheduleState::Idle;
        }
    }

    pub(super) fn cancel_schedule(&mut self, id: &NodeId, schedule_id: Option<&str>) -> Result<(), FlowError> {
        let number = self.scheduled(id, schedule_id)?;
        self.record(FlowEvent::ScheduleCancelled, Some(number), None);
        self.abandon(number);
        self.choose_default(number);
        self.finish(number, TaskStatus::Skipped, None);
        Ok(())
    }

    /// A decision that is passed over by cancelling takes its default branch, a loop without one its exit.
    fn choose_default(&mut self, number: usize) {
        let id = self.task(number).id.clone();
        let default = DefaultBranch::of(self.next.edges.iter().filter(|e| e.from_id == id));
        let Some(decision) = self.task_mut(number).decision_mut() else { return };
        let exit = decision.spec.loop_config.as_ref().map(|l| l.exit_branch_id.clone());
        let conditions = if default.exists { Vec::new() } else { exit.into_iter().collect() };
        decision.chosen = Some(Chosen { conditions, none_met: default.exists });
    }

    pub(super) fn run_schedule_now(&mut self, id: &NodeId, schedule_id: Option<&str>) -> Result<(), FlowError> {
        let number = self.scheduled(id, schedule_id)?;
        self.fire(number);
        Ok(())
    }

    pub(super) fn schedule_fired(&mut self, id: &NodeId, schedule_id: &str) -> Result<(), FlowError> {
        let stale = || FlowError::StaleSchedule { schedule_id: schedule_id.to_owned() };
        let number = self.scheduled(id, Some(schedule_id)).map_err(|_| stale())?;
        let armed = self.task(number).schedule_state().and_then(ScheduleState::armed);
        if armed.is_none_or(|(_, at)| at > self.env.now) {
            return Err(FlowError::NothingToDo);
        }
        self.fire(number);
        Ok(())
    }

    /// The number of a task that is scheduled (under this id, if one is given).
    fn scheduled(&self, id: &NodeId, schedule_id: Option<&str>) -> Result<usize, FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        let task = self.task(number);
        let armed = task.schedule_state().and_then(ScheduleState::armed).map(|(id, _)| id);
        if let Some(wanted) = schedule_id.filter(|wanted| armed != Some(wanted)) {
            return Err(FlowError::StaleSchedule { schedule_id: wanted.to_owned() });
        }
        if task.status != TaskStatus::Scheduled {
            return Err(FlowError::invalid("Task is not scheduled"));
        }
        Ok(number)
    }

    /// A schedule's instant has come, or somebody could not wait. Runs the task even if it was disabled meanwhile.
    pub(super) fn fire(&mut self, number: usize) {
        self.clear_schedule(number);
        let deferred = match &self.task(number).kind {
            TaskKind::Automation(a) => a.run.as_ref().is_some_and(|r| r.state.is_open()),
            TaskKind::Manual | TaskKind::Decision(_) | TaskKind::AiAgent(_) => false,
        };
        if deferred { self.wake_action(number) } else { self.run_now(number) }
    }

    /// Re-arms schedules that count from an attribute of the entity, and looks again at decisions none of whose
    /// branches was met, or that are being evaluated.
    pub(super) fn entity_changed(&mut self, diff: &EntityDiff) -> Result<(), FlowError> {
        let is_context =
            |c: &crate::flow::Context| c.entity_schema == diff.entity.schema && c.entity_id == diff.entity.id;
        if !self.next.is_started() || !self.next.contexts.iter().any(is_context) {
            return Err(FlowError::NothingToDo);
        }
        let mut touched = false;
        for number in 0..self.next.tasks.len() {
            let task = self.task(number);
            let asked = task.decision().and_then(|decision| decision.asked.as_ref());
            match (task.status, asked) {
                (TaskStatus::ConditionPending, _) if task.is_automatic() => {
                    touched = true;
                    self.ask(number, Some(diff.clone()));
                    continue;
                }
                // Its evaluation may have read the entity before it changed.
                (TaskStatus::InProgress, Some(asked)) => {
                    touched = true;
                    let about = asked.diff.clone();
                    self.ask(number, about);
                    continue;
                }
                _ => {}
            }
            let Some((_, scheduled_at)) = task.schedule_state().and_then(ScheduleState::armed) else { continue };
            let counts = matches!(task.schedule(), Some(Schedule::Relative { reference, .. })
                if matches!(&reference.origin, Origin::TriggerEntityAttribute { schema, .. } if *schema == diff.entity.schema));
            if counts && !matches!(self.fire_time(number), Fire::At(at) if at == scheduled_at) {
                touched = true;
                self.arm(number);
            }
        }
        if touched { Ok(()) } else { Err(FlowError::NothingToDo) }
    }
}
