//! One driven flow: do what is outstanding, apply what comes back, commit, go on. The sibling of the actor of tasks.

use super::flow_saving::FlowMoved;
use super::flow_work::{Answer, Worker};
use super::held::{Held, Saved, Stop, Tried, retrying, until_due};
use super::saving::Extra;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, ExecutionWrite, UsageDelta};
use crate::session::Session;
use std::collections::BTreeSet;
use std::sync::Arc;
use stepwright_engine::flow::{AgentReport, Command, FlowErrorKind, Resolved, Work};
use stepwright_engine::{Actor, Definition, Execution, Fault, NodeId, Outcome};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How often a command is applied anew because an entity it writes to was changed under it.
const MAX_CLASHES: u32 = 20;

/// A driven flow.
pub(super) struct FlowActor<'a> {
    held: Held<'a>,
    inflight: JoinSet<Answer>,
    started: BTreeSet<(NodeId, u32)>,
}

impl<'a> FlowActor<'a> {
    pub(super) fn new(app: &'a App, definition: Arc<Definition>, execution: Arc<Execution>) -> Self {
        Self { held: Held::new(app, definition, execution), inflight: JoinSet::new(), started: BTreeSet::new() }
    }

    pub(super) async fn run(mut self, poked: &Notify) -> AppResult<()> {
        loop {
            let Some(view) = self.held.view().await? else { return Ok(()) };
            if self.prepare(&view).await?.is_some() {
                return Ok(());
            }
            let (app, due) = (self.held.app, self.held.execution.next_due());
            let stop = tokio::select! {
                answer = self.inflight.join_next() => match answer {
                    Some(Ok(answer)) => self.finish(&view, answer).await?,
                    Some(Err(panicked)) => {
                        return Err(AppError::Internal(format!("work of a flow panicked: {panicked}")));
                    }
                    None => Some(Stop::Idle),
                },
                () = poked.notified() => self.held.reload().await?,
                () = until_due(app, due) => None,
            };
            if stop.is_some() {
                return Ok(());
            }
        }
    }

    /// Fires timers and starts every outstanding work; says so when there is nothing to wait for.
    async fn prepare(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        if self.held.execution.next_due().is_some_and(|due| due <= self.held.app.now())
            && let Some(stop) = self.commit(view, Command::TimerFired).await?
        {
            return Ok(Some(stop));
        }
        self.start_outstanding(view);
        if self.inflight.is_empty() {
            // Claimed for nothing.
            return self.held.release(view, self.held.app.wake_of(&self.held.execution, None)).await;
        }
        Ok(None)
    }

    fn start_outstanding(&mut self, view: &Arc<TenantView>) {
        let execution = Arc::clone(&self.held.execution);
        for work in execution.flow.iter().flat_map(|flow| flow.work()) {
            if self.started.insert((work.task().clone(), work.attempt())) {
                self.start(view, work, false);
            }
        }
    }

    fn start(&mut self, view: &Arc<TenantView>, work: Work, later: bool) {
        let worker = Worker {
            app: self.held.app.clone(),
            view: Arc::clone(view),
            definition: Arc::clone(&self.held.definition),
            execution: Arc::clone(&self.held.execution),
        };
        self.inflight.spawn(async move {
            if later {
                worker.pause().await;
            }
            worker.work(work).await
        });
    }

    /// Applies an answer and commits it with everything the step has staged.
    async fn finish(&mut self, view: &Arc<TenantView>, answer: Answer) -> AppResult<Option<Stop>> {
        let Answer { task, attempt, command, metering, steps, session } = answer;
        self.started.remove(&(task.clone(), attempt));
        let Some(command) = command else { return Ok(None) };
        let (mut effects, starts) = session.map_or((Effects::default(), Vec::new()), Session::into_effects);
        let started = !starts.is_empty() || !effects.emitted.is_empty();
        if started && let Err(error) = self.held.app.check_open_quota(view).await {
            let fault = Fault::permanent("QUOTA_EXCEEDED", error.to_string());
            return self.commit(view, failed(command, fault)).await;
        }
        let (flows, starts) = self.held.app.flow_starts(&self.held.execution, Some(&task), starts);
        effects.emitted.extend(flows);
        let children = self.held.app.children(view, &self.held.execution, starts)?;
        let usage = UsageDelta { steps, executions: children.len() as u64, metering };
        let saved = self.commit_answer(view, command.clone(), effects, children, usage).await?;
        let stop = match saved {
            Saved::Done => None,
            Saved::Stopped(stop) => Some(stop),
            // What the step had read is not there any more: nothing was written, so it simply runs again, a little
            // later, since whoever was faster may not be done either.
            Saved::Conflict(what) => {
                tracing::debug!(execution = %self.held.execution.id, task = %task, what, "staged changes clash");
                self.run_again(view, &task, attempt);
                None
            }
            Saved::Refused(why) => self.commit(view, failed(command, Fault::permanent("NOT_STORABLE", why))).await?,
        };
        if started {
            self.held.app.driver().hint();
        }
        Ok(stop)
    }

    fn run_again(&mut self, view: &Arc<TenantView>, task: &NodeId, attempt: u32) {
        let execution = Arc::clone(&self.held.execution);
        let mut outstanding = execution.flow.iter().flat_map(|flow| flow.work());
        if let Some(work) = outstanding.find(|work| work.task() == task && work.attempt() == attempt) {
            self.started.insert((task.clone(), attempt));
            self.start(view, work, true);
        }
    }

    /// Commits what no step has staged anything for.
    async fn commit(&mut self, view: &Arc<TenantView>, command: Command) -> AppResult<Option<Stop>> {
        let nothing = (Effects::default(), Vec::new(), UsageDelta::default());
        match self.commit_answer(view, command, nothing.0, nothing.1, nothing.2).await? {
            Saved::Done => Ok(None),
            Saved::Stopped(stop) => Ok(Some(stop)),
            Saved::Conflict(why) | Saved::Refused(why) => Err(AppError::Internal(why)),
        }
    }

    async fn commit_answer(
        &mut self,
        view: &Arc<TenantView>,
        command: Command,
        effects: Effects,
        children: Vec<ExecutionWrite>,
        usage: UsageDelta,
    ) -> AppResult<Saved> {
        let mut clashes = 0;
        loop {
            let Held { app, execution, .. } = &self.held;
            let apply = || app.move_flow(execution, command.clone(), &Actor::System, effects.clone());
            let FlowMoved { transition, effects: all } = match retrying(apply).await? {
                Ok(moved) => moved,
                // Somebody else has decided meanwhile; the answer is of no use any more.
                Err(refused) => {
                    if refused.kind() != FlowErrorKind::Stale {
                        tracing::debug!(execution = %execution.id, %refused, "an answer came too late");
                    }
                    return Ok(Saved::Done);
                }
            };
            let extra = Extra { effects: all, children: children.clone(), usage, ..Extra::default() };
            match self.held.save(view, transition, extra).await? {
                Tried::Ended(saved) => return Ok(saved),
                Tried::Again => {}
                // Where the flow itself writes to entities, they are read again. Should it clash once more, it is what
                // the step has staged.
                Tried::Clash(what) => {
                    clashes += 1;
                    let staged = !effects.is_unconditional();
                    if (staged && clashes > 1) || clashes >= MAX_CLASHES {
                        return Ok(Saved::Conflict(what));
                    }
                }
            }
        }
    }
}

/// The answer to the same work that says it has failed.
fn failed(answer: Command, fault: Fault) -> Command {
    match answer {
        Command::ActionFinished { task, attempt, .. } => {
            Command::ActionFinished { task, attempt, outcome: Outcome::Failed(fault) }
        }
        Command::DecisionEvaluated { task, attempt, .. } => {
            Command::DecisionEvaluated { task, attempt, result: Err(fault) }
        }
        Command::AutomationResolved { task, attempt, .. } => {
            Command::AutomationResolved { task, attempt, found: Resolved::Unknown }
        }
        Command::AgentReported { task, attempt, .. } => {
            Command::AgentReported { task, attempt, report: AgentReport::Failed(fault) }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_answers_the_very_work_that_was_done() {
        let (task, attempt) = (NodeId::new("t"), 3);
        let fault = || Fault::permanent("NOT_STORABLE", "too large");
        let found = Command::AutomationResolved { task: task.clone(), attempt, found: Resolved::Hot };
        let unknown = Command::AutomationResolved { task: task.clone(), attempt, found: Resolved::Unknown };
        assert_eq!(failed(found, fault()), unknown);
        let evaluated = Command::DecisionEvaluated { task: task.clone(), attempt, result: Ok(Vec::new()) };
        assert_eq!(failed(evaluated, fault()), Command::DecisionEvaluated { task, attempt, result: Err(fault()) });
    }
}
