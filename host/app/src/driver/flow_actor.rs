//! One driven flow: do what is outstanding, apply what comes back, commit, go on. The sibling of the actor of tasks.

use super::actor::{MAX_DOCUMENT, STORE_RETRY, Saved, Stop, retrying, until_due};
use super::flow_saving::FlowMoved;
use super::flow_work::{Answer, Worker};
use super::saving::Extra;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, ExecutionWrite, UsageDelta, Wake};
use crate::ports::{CommitError, StoreError};
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
    app: &'a App,
    definition: Arc<Definition>,
    execution: Arc<Execution>,
    inflight: JoinSet<Answer>,
    started: BTreeSet<(NodeId, u32)>,
}

impl<'a> FlowActor<'a> {
    pub(super) fn new(app: &'a App, definition: Arc<Definition>, execution: Arc<Execution>) -> Self {
        Self { app, definition, execution, inflight: JoinSet::new(), started: BTreeSet::new() }
    }

    pub(super) async fn run(mut self, poked: &Notify) -> AppResult<()> {
        loop {
            let read = || self.app.tenant_view(self.execution.tenant_id);
            let Some(view) = retrying(read).await? else { return Ok(()) };
            if self.prepare(&view).await?.is_some() {
                return Ok(());
            }
            let (app, due) = (self.app, self.execution.next_due());
            let stop = tokio::select! {
                answer = self.inflight.join_next() => match answer {
                    Some(Ok(answer)) => self.finish(&view, answer).await?,
                    Some(Err(panicked)) => {
                        return Err(AppError::Internal(format!("work of a flow panicked: {panicked}")));
                    }
                    None => Some(Stop::Idle),
                },
                () = poked.notified() => self.reload().await?,
                () = until_due(app, due) => None,
            };
            if stop.is_some() {
                return Ok(());
            }
        }
    }

    /// Fires timers and starts every outstanding work; says so when there is nothing to wait for.
    async fn prepare(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        if self.execution.next_due().is_some_and(|due| due <= self.app.now())
            && let Some(stop) = self.commit(view, Command::TimerFired).await?
        {
            return Ok(Some(stop));
        }
        self.start_outstanding(view);
        if self.inflight.is_empty() {
            // Claimed for nothing: the lease is given back, or it would be claimed again when it has run out.
            let wake = self.app.wake_of(&self.execution, None);
            self.app.release(view, &self.definition, &self.execution, wake).await?;
            return Ok(Some(Stop::Idle));
        }
        Ok(None)
    }

    fn start_outstanding(&mut self, view: &Arc<TenantView>) {
        let execution = Arc::clone(&self.execution);
        for work in execution.flow.iter().flat_map(|flow| flow.work()) {
            if self.started.insert((work.task().clone(), work.attempt())) {
                self.start(view, work, false);
            }
        }
    }

    fn start(&mut self, view: &Arc<TenantView>, work: Work, later: bool) {
        let worker = Worker {
            app: self.app.clone(),
            view: Arc::clone(view),
            definition: Arc::clone(&self.definition),
            execution: Arc::clone(&self.execution),
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
        if started && let Err(error) = self.app.check_open_quota(view).await {
            let fault = Fault::permanent("QUOTA_EXCEEDED", error.to_string());
            return self.commit(view, failed(command, fault)).await;
        }
        let (flows, starts) = self.app.flow_starts(&self.execution, Some(&task), starts);
        effects.emitted.extend(flows);
        let children = self.app.children(view, &self.execution, starts)?;
        let usage = UsageDelta { steps, executions: children.len() as u64, metering };
        let saved = self.commit_answer(view, command.clone(), effects, children, usage).await?;
        let stop = match saved {
            Saved::Done => None,
            Saved::Stopped(stop) => Some(stop),
            // What the step had read is not there any more: nothing was written, so it simply runs again, a little
            // later, since whoever was faster may not be done either.
            Saved::Conflict(what) => {
                tracing::debug!(execution = %self.execution.id, task = %task, what, "staged changes clash");
                self.run_again(view, &task, attempt);
                None
            }
            Saved::Refused(why) => self.commit(view, failed(command, Fault::permanent("NOT_STORABLE", why))).await?,
        };
        if started {
            self.app.driver().hint();
        }
        Ok(stop)
    }

    fn run_again(&mut self, view: &Arc<TenantView>, task: &NodeId, attempt: u32) {
        let execution = Arc::clone(&self.execution);
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
        let node = self.app.config().node;
        let mut wait = STORE_RETRY.0;
        let mut clashes = 0;
        loop {
            let expected = self.execution.version;
            let apply = || self.app.move_flow(&self.execution, command.clone(), &Actor::System, effects.clone());
            let FlowMoved { transition, effects: mut all } = match retrying(apply).await? {
                Ok(moved) => moved,
                // Somebody else has decided meanwhile; the answer is of no use any more.
                Err(refused) => {
                    if refused.kind() != FlowErrorKind::Stale {
                        tracing::debug!(execution = %self.execution.id, %refused, "an answer came too late");
                    }
                    return Ok(Saved::Done);
                }
            };
            let told = || self.app.told_of_changes(&self.execution, &all.entities);
            let told = retrying(told).await?;
            all.emitted.extend(told);
            let wake = self.app.wake_of(&transition.next, Some(node));
            let mut write = self.app.write(transition, expected, wake)?;
            if write.document.len() > MAX_DOCUMENT {
                return Ok(Saved::Refused(format!("the execution would exceed {MAX_DOCUMENT} bytes")));
            }
            write.held_by = Some(node);
            let extra = Extra { effects: all, children: children.clone(), usage, ..Extra::default() };
            match self.app.commit_one(view, &self.definition, write, extra).await {
                Ok(next) => {
                    self.execution = next;
                    if matches!(wake, Wake::Leased { .. }) {
                        return Ok(Saved::Done);
                    }
                    // Given back with the commit: from now on anybody may claim it.
                    if matches!(wake, Wake::At(_)) {
                        self.app.driver().hint();
                    }
                    return Ok(Saved::Stopped(Stop::Idle));
                }
                Err(CommitError::Stale(_)) => {
                    if let Some(stop) = self.reload().await? {
                        return Ok(Saved::Stopped(stop));
                    }
                }
                // Where the flow itself writes to entities, they are read again. Should it clash once more, it is what
                // the step has staged.
                Err(CommitError::EffectConflict(what)) => {
                    clashes += 1;
                    let staged = !effects.is_unconditional();
                    if (staged && clashes > 1) || clashes >= MAX_CLASHES {
                        return Ok(Saved::Conflict(what));
                    }
                }
                Err(CommitError::Store(StoreError::Unavailable(reason))) => {
                    tracing::warn!(execution = %self.execution.id, reason, "database unavailable; the commit is tried again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(STORE_RETRY.1);
                }
                Err(error @ (CommitError::Precondition { .. } | CommitError::Store(_))) => {
                    return Ok(Saved::Refused(error.to_string()));
                }
            }
        }
    }

    /// Takes over what the database says.
    async fn reload(&mut self) -> AppResult<Option<Stop>> {
        let (tenant, id, node) = (self.execution.tenant_id, self.execution.id, self.app.config().node);
        let held = retrying(|| async { Ok(self.app.store().held_execution(tenant, id, node).await?) }).await?;
        let Some(execution) = held else {
            return Ok(Some(Stop::Lost));
        };
        self.execution = Arc::new(execution);
        // Work that nobody awaits any more is given up; a lease with nothing to do goes back in `prepare`.
        if !self.execution.is_working() {
            self.inflight.abort_all();
            return Ok(Some(Stop::Idle));
        }
        Ok(None)
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
