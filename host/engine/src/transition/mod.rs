//! The heart: one pure function from an execution and a command to the next execution.
//!
//! The caller saves `next` and `events` in one database transaction, guarded by the version the execution had.

mod control;
mod finish;
mod start;
#[cfg(test)]
mod tests;

pub use start::{Start, start};

use crate::decision::{DEFAULT_BRANCH, taken};
use crate::{
    Actor, Command, Definition, Edge, EventKind, Execution, ExecutionStatus, Fault, HistoryEvent, NodeKind, OnFailure,
    RawJson, Task, TaskId, TaskState, Timestamp,
};

/// What a transition may know of the world.
#[derive(Clone, Debug)]
pub struct Env {
    pub now: Timestamp,
    pub actor: Actor,
    /// Drawn from `[0, 1)`; spreads retries.
    pub jitter: f64,
}

/// The result of a transition. What a worker has to do next stands in the execution itself
/// ([`Execution::running`], [`Execution::next_due`]), so that a crash loses nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub next: Execution,
    pub events: Vec<HistoryEvent>,
}

/// Why a command cannot be applied. The execution is unchanged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransitionError {
    #[error("cannot {command} while the execution is {status}")]
    WrongStatus { command: &'static str, status: &'static str },
    #[error("task {task} does not exist")]
    UnknownTask { task: TaskId },
    #[error("cannot {command} while task {task} is {state}")]
    WrongTaskState { command: &'static str, task: TaskId, state: &'static str },
    /// The outcome of an attempt nobody waits for any more; callers drop it.
    #[error("attempt {attempt} of task {task} is not awaited")]
    StaleAttempt { task: TaskId, attempt: u32 },
    #[error("no task waits for this key")]
    UnknownResumeKey,
    /// Flows have commands of their own ([`crate::flow::Command`]).
    #[error("cannot {command}: the execution is a flow")]
    IsAFlow { command: &'static str },
}

/// Applies `command` to `execution`, which runs `definition` (exactly the version it names).
///
/// # Errors
/// When the command is not legal in the state it meets.
pub fn apply(
    definition: &Definition,
    execution: Execution,
    command: Command,
    env: &Env,
) -> Result<Transition, TransitionError> {
    if execution.flow.is_some() {
        return Err(TransitionError::IsAFlow { command: command.name() });
    }
    let mut work = Work::new(definition, execution, env);
    match command {
        Command::Begin => work.begin()?,
        Command::InvocationFinished { task, attempt, outcome, metering } => {
            work.invocation_finished(task, attempt, outcome, metering)?;
        }
        Command::TimerFired => work.timer_fired()?,
        Command::WakeDeferred { task } => work.wake_deferred(task)?,
        Command::CompleteTask { task, output } => work.complete_task(task, output)?,
        Command::SkipTask { task, reason } => work.skip_task(task, reason)?,
        Command::ResumeTask { resume_key, data } => work.resume_task(&resume_key, data)?,
        Command::Pause => work.pause()?,
        Command::Resume => work.resume()?,
        Command::Retry => work.retry()?,
        Command::Cancel { reason } => work.cancel(reason)?,
    }
    Ok(work.done())
}

/// A transition in progress.
struct Work<'a> {
    definition: &'a Definition,
    env: &'a Env,
    before: &'static str,
    next: Execution,
    events: Vec<HistoryEvent>,
}

impl<'a> Work<'a> {
    fn new(definition: &'a Definition, execution: Execution, env: &'a Env) -> Self {
        Self { definition, env, before: execution.status.name(), next: execution, events: Vec::new() }
    }

    fn done(mut self) -> Transition {
        let to = self.next.status.name();
        for event in &mut self.events {
            event.to = to.into();
        }
        self.next.version += 1;
        Transition { next: self.next, events: self.events }
    }

    fn record(&mut self, kind: EventKind, task: Option<TaskId>, detail: Option<serde_json::Value>) {
        self.next.history_seq += 1;
        self.events.push(HistoryEvent {
            seq: self.next.history_seq,
            at: self.env.now,
            actor: self.env.actor.clone(),
            kind,
            task,
            from: self.before.into(),
            to: self.before.into(),
            detail: detail.map(RawJson::from),
        });
    }

    fn wrong_status(&self, command: &'static str) -> TransitionError {
        TransitionError::WrongStatus { command, status: self.next.status.name() }
    }

    fn task_mut(&mut self, id: TaskId) -> Result<&mut Task, TransitionError> {
        self.next.tasks.get_mut(id.0 as usize).ok_or(TransitionError::UnknownTask { task: id })
    }

    fn max_attempt_wait(&self, task: TaskId, attempt: u32) -> Option<std::time::Duration> {
        let node = self.definition.graph.nodes.get(task.0 as usize)?;
        node.retry.wait_after(attempt, self.env.jitter)
    }

    /// Starts every pending task whose predecessors have ended well, skips those that no open edge leads to, and ends
    /// the execution when nothing is open.
    fn advance(&mut self) {
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return;
        }
        // What is skipped may make others ready, which stand behind it in most definitions.
        let mut again = true;
        while again {
            again = false;
            for index in 0..self.next.tasks.len() {
                if !self.is_ready(index) {
                    continue;
                }
                if self.is_reached(index) {
                    self.activate(index);
                } else {
                    self.pass_over(index);
                    again = true;
                }
            }
        }
        if self.next.tasks.iter().all(|t| t.state.is_final()) {
            self.next.status = ExecutionStatus::Completed { at: self.env.now };
            self.record(EventKind::ExecutionCompleted, None, None);
        }
    }

    fn is_ready(&self, index: usize) -> bool {
        let task = &self.next.tasks[index];
        task.state == TaskState::Pending
            && self.definition.graph.before(&task.node).all(|before| {
                self.next.task_of(before).is_some_and(|t| match &t.state {
                    TaskState::Completed { .. } | TaskState::Skipped { .. } => true,
                    TaskState::Failed { .. } => self.definition.on_failure == OnFailure::Continue,
                    TaskState::Pending
                    | TaskState::Running { .. }
                    | TaskState::Retrying { .. }
                    | TaskState::Deferred { .. }
                    | TaskState::Waiting { .. }
                    | TaskState::Open { .. }
                    | TaskState::Cancelled { .. } => false,
                })
            })
    }

    /// Whether an open edge leads to a task that is ready; the first ones need none.
    fn is_reached(&self, index: usize) -> bool {
        let mut edges = self.definition.graph.edges_to(&self.next.tasks[index].node).peekable();
        edges.peek().is_none() || edges.any(|edge| self.is_open(edge))
    }

    /// Whether an edge from a task that has ended leads on.
    fn is_open(&self, edge: &Edge) -> bool {
        let Some(from) = self.next.task_of(&edge.from) else { return false };
        match (&from.state, edge.branch.as_deref()) {
            // Passed over itself, not skipped by somebody who has looked at it.
            (TaskState::Skipped { .. }, _) if from.started_at.is_none() => false,
            (_, None) => true,
            (TaskState::Completed { output, .. }, Some(branch)) => taken(output).iter().any(|t| t == branch),
            // A decision that could not be made is gone past by the way that needs none.
            (_, Some(branch)) => branch == DEFAULT_BRANCH,
        }
    }

    fn pass_over(&mut self, index: usize) {
        let (now, reason) = (self.env.now, "no branch leads here");
        let task = &mut self.next.tasks[index];
        task.state = TaskState::Skipped { at: now, reason: reason.into() };
        let id = task.id;
        self.record(EventKind::TaskSkipped, Some(id), Some(serde_json::json!({ "reason": reason })));
    }

    fn activate(&mut self, index: usize) {
        let now = self.env.now;
        let manual = matches!(self.definition.graph.nodes.get(index).map(|n| &n.kind), Some(NodeKind::Manual));
        let task = &mut self.next.tasks[index];
        task.started_at.get_or_insert(now);
        if manual {
            task.state = TaskState::Open { since: now };
        } else {
            task.attempts = 1;
            task.state = TaskState::Running { attempt: 1, since: now, resume: None };
        }
    }

    /// A task has failed for good: what `on_failure` says happens.
    fn fail_task(&mut self, id: TaskId, attempt: u32, fault: Fault) -> Result<(), TransitionError> {
        let now = self.env.now;
        let task = self.task_mut(id)?;
        let node = task.node.clone();
        task.state = TaskState::Failed { at: now, attempt, fault: fault.clone() };
        let detail = serde_json::json!({ "node": node, "attempt": attempt, "fault": fault });
        self.record(EventKind::TaskFailed, Some(id), Some(detail));
        // A task that reports while the execution is paused must not end the pause.
        if !matches!(self.next.status, ExecutionStatus::Running) {
            return Ok(());
        }
        match self.definition.on_failure {
            OnFailure::Continue => self.advance(),
            OnFailure::Pause => {
                self.next.status = ExecutionStatus::Paused { at: now, node: Some(node) };
                self.record(EventKind::ExecutionPaused, Some(id), None);
            }
            OnFailure::Stop => self.fail_execution(id, fault),
        }
        Ok(())
    }

    fn fail_execution(&mut self, id: TaskId, fault: Fault) {
        let now = self.env.now;
        for task in &mut self.next.tasks {
            match task.state {
                TaskState::Pending => {
                    task.state = TaskState::Skipped { at: now, reason: "an earlier step failed".into() };
                }
                TaskState::Running { .. }
                | TaskState::Retrying { .. }
                | TaskState::Deferred { .. }
                | TaskState::Waiting { .. }
                | TaskState::Open { .. } => task.state = TaskState::Cancelled { at: now },
                TaskState::Completed { .. }
                | TaskState::Skipped { .. }
                | TaskState::Failed { .. }
                | TaskState::Cancelled { .. } => {}
            }
        }
        self.next.status = ExecutionStatus::Failed { at: now, task: Some(id), fault: fault.clone() };
        self.record(EventKind::ExecutionFailed, Some(id), Some(serde_json::json!({ "fault": fault })));
    }
}
