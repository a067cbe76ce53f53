//! One pure function from a flow and a command to the next flow.
//!
//! The caller saves `next`, `events` and `effects` in one database transaction, guarded by the version the flow had.

mod activate;
mod agent;
mod automation;
mod decision;
mod due;
mod enabled;
mod execute;
mod patch_flow;
mod patch_task;
mod phases;
mod place;
mod record;
mod revert;
mod run;
mod schedule;
mod settle;
mod status;
mod structure;
mod timers;

pub use agent::HOLDING_OUTCOMES;
pub(super) use decision::DefaultBranch;
pub use patch_flow::check_contexts;
pub use status::is_allowed;
pub use timers::{HEAL_AFTER, MOST_HEALS};

use super::graph::Graph;
use super::{Command, Effect, Entities, Flow, FlowError, FlowHistory, Task};
use crate::{Actor, NodeId, Timestamp};
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;

/// Source of fresh ids: 8 to 12 url-safe characters nobody can guess.
pub trait Ids {
    /// A fresh id.
    fn fresh(&self) -> String;
}

/// What a transition may know of the world.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    pub now: Timestamp,
    pub actor: &'a Actor,
    /// Drawn from `[0, 1)`; spreads retries.
    pub jitter: f64,
    pub ids: &'a dyn Ids,
    /// Snapshots of (at least) [`Flow::entities`]; only variables and date anchors look at them.
    pub entities: &'a Entities,
}

impl Env<'_> {
    /// The user a client sees as the one who did it; the host itself is nobody.
    pub(super) fn user(&self) -> Option<String> {
        match self.actor {
            Actor::System => None,
            actor @ (Actor::Operator | Actor::Key { .. } | Actor::User { .. }) => Some(actor.label()),
        }
    }
}

/// The result of a transition. What a worker has to do next stands in the flow itself
/// ([`Flow::work`], [`Flow::next_due`]), so that a crash loses nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub next: Flow,
    pub events: Vec<FlowHistory>,
    pub effects: Vec<Effect>,
}

/// Applies `command` to `flow`.
///
/// # Errors
/// When the command is not legal in the state it meets; see [`FlowError::kind`] for what to do about it.
pub fn apply(flow: &Flow, command: Command, env: &Env<'_>) -> Result<Transition, FlowError> {
    if flow.deleted_at.is_some() {
        return Err(FlowError::Deleted);
    }
    let mut work = Work::new(flow, flow.clone(), env);
    match command {
        Command::PatchFlow(patch) => work.patch_flow(patch)?,
        Command::PatchTask { task, patch } => {
            if let Some(place) = &patch.place {
                work.move_task(&task, place)?;
                work.settle();
            }
            work.patch_task(&task, *patch)?;
        }
        Command::PatchPhase { phase, patch } => work.patch_phase(&phase, patch)?,
        Command::AddTask { previous, next, task } => work.add_task(&previous, next.as_ref(), *task)?,
        Command::InsertTask { place, task } => work.insert_task(&place, *task)?,
        Command::MoveTask { task, place } => work.move_task(&task, &place)?,
        Command::RemoveTask { task } => work.remove_task(&task)?,
        Command::Execute { task } => work.execute(&task)?,
        Command::RunAutomation { task } => work.run_automation(&task)?,
        Command::CancelAutomation { task } => work.cancel_automation(&task)?,
        Command::CancelSchedule { task, schedule_id } => work.cancel_schedule(&task, schedule_id.as_deref())?,
        Command::RunScheduleNow { task, schedule_id } => work.run_schedule_now(&task, schedule_id.as_deref())?,
        Command::ScheduleFired { task, schedule_id } => work.schedule_fired(&task, &schedule_id)?,
        Command::Reconcile { task } => work.reconcile(&task)?,
        Command::TimerFired => work.timer_fired()?,
        Command::EntityChanged { diff } => work.entity_changed(&diff)?,
        Command::DecisionEvaluated { task, attempt, result } => work.decision_evaluated(&task, attempt, result)?,
        Command::AutomationResolved { task, attempt, found } => work.automation_resolved(&task, attempt, found)?,
        Command::ActionFinished { task, attempt, outcome } => work.action_finished(&task, attempt, outcome)?,
        Command::ResumeAction { resume_key, data } => work.resume_action(&resume_key, data)?,
        Command::AgentReported { task, attempt, report } => work.agent_reported(&task, attempt, report)?,
        Command::Delete { soft } => work.delete(soft),
    }
    if work.relinked && work.graph.undeclared_cycle().is_some() {
        return Err(FlowError::invalid("the change would make a cycle that is not a declared loop"));
    }
    work.settle();
    if work.relinked && work.cuts_off_reached() {
        return Err(FlowError::invalid("the change would cut off a task the flow has come to"));
    }
    Ok(work.done())
}

/// A transition in progress. Tasks and nodes are named by their number in [`Graph`].
pub(super) struct Work<'a> {
    env: &'a Env<'a>,
    before: &'a Flow,
    next: Flow,
    graph: Rc<Graph>,
    events: Vec<FlowHistory>,
    effects: Vec<Effect>,
    /// Nodes the flow comes to next.
    queue: VecDeque<usize>,
    /// Finished tasks gone through in this transition; once is enough.
    passed: HashSet<usize>,
    /// Something has left the frontier, so that the flow may be done.
    advanced: bool,
    /// The graph was changed.
    relinked: bool,
    /// The flow begins with this transition.
    starting: bool,
    /// Who changes it, when that is not the caller.
    changed_by: Option<String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(before: &'a Flow, next: Flow, env: &'a Env<'a>) -> Self {
        let graph = Rc::new(next.graph());
        Self {
            env,
            before,
            next,
            graph,
            events: Vec::new(),
            effects: Vec::new(),
            queue: VecDeque::new(),
            passed: HashSet::new(),
            advanced: false,
            relinked: false,
            starting: false,
            changed_by: None,
        }
    }

    /// The flow has just been made: it stands at its first nodes.
    pub(super) fn begin(&mut self) {
        self.starting = true;
        self.advanced = true;
        self.record_sync(super::SyncEvent::FlowStarted, None, None, None);
        self.queue.extend(self.graph.starts());
        self.settle();
    }

    /// To be called after tasks or edges were added or taken away; numbers may have changed.
    fn relink(&mut self) {
        self.graph = Rc::new(self.next.graph());
        self.passed.clear();
        self.relinked = true;
    }

    pub(super) fn done(mut self) -> Transition {
        self.record_changes();
        let to = self.next.status.name();
        for event in &mut self.events {
            event.to = to;
        }
        self.next.version += 1;
        self.next.updated_at = self.env.now;
        if let Some(user) = self.changed_by.take().or_else(|| self.env.user()).filter(|_| !self.starting) {
            self.next.updated_by = Some(user);
        }
        Transition { next: self.next, events: self.events, effects: self.effects }
    }

    /// Whether no path leads any more to a task the flow has come to, and may be taken back to.
    fn cuts_off_reached(&self) -> bool {
        let starts = self.graph.starts();
        let led_to = self.graph.reach(starts.iter().copied(), |_| true);
        (0..self.next.tasks.len()).any(|n| self.task(n).reached && !led_to[n] && !starts.contains(&n))
    }

    fn number(&self, id: &NodeId) -> Result<usize, FlowError> {
        let unknown = || FlowError::UnknownTask(id.clone());
        self.graph.node(id).filter(|&n| n < self.graph.tasks()).ok_or_else(unknown)
    }

    fn task(&self, number: usize) -> &Task {
        &self.next.tasks[number]
    }

    fn task_mut(&mut self, number: usize) -> &mut Task {
        &mut self.next.tasks[number]
    }

    /// # Errors
    /// When the flow does not run.
    fn require_started(&self) -> Result<(), FlowError> {
        if self.next.is_started() { Ok(()) } else { Err(FlowError::NotStarted(self.next.status.name())) }
    }

    fn is_current(&self, number: usize) -> bool {
        self.next.is_current(&self.next.tasks[number].id)
    }

    /// The numbers of the current tasks.
    fn frontier(&self) -> Vec<usize> {
        self.next.crt_tasks.iter().filter_map(|c| self.graph.node(&c.id)).collect()
    }

    /// Marks what the flow may still come to from these nodes: forward, through finished decisions only on the
    /// branches they took.
    fn ahead_of(&self, from: Vec<usize>) -> Vec<bool> {
        self.graph.reach(from, |arc| {
            if arc.back {
                return false;
            }
            let (Some(edge), Some(task)) = (arc.edge, self.next.tasks.get(arc.from)) else { return true };
            match task.decision().and_then(|d| d.chosen.as_ref()) {
                Some(chosen) if task.status.is_finished() => decision::takes(chosen, &self.next.edges[edge]),
                _ => true,
            }
        })
    }

    fn delete(&mut self, soft: bool) {
        self.next.deleted_at = Some(self.env.now);
        self.record_sync(super::SyncEvent::FlowDeleted, None, None, None);
        if !soft {
            self.effects.push(Effect::Erase);
        }
    }
}
