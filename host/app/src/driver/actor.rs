//! One driven execution: run what is outstanding, apply what comes back, commit, go on.

use super::flow_actor::FlowActor;
use super::held::{Held, Saved, Stop, Tried, retrying, until_due};
use super::invoke::Finished;
use super::saving::Extra;
use super::{Driven, Place, lock};
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, UsageDelta, Wake};
use crate::session::Session;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stepwright_engine::flow::Entities;
use stepwright_engine::{
    Actor, Command, Definition, Dialect, Execution, ExecutionStatus, Fault, Outcome, TaskId, TaskState,
    TransitionError, TriggerSource, apply,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How long a queued run waits before it looks whether the one before it has ended.
const QUEUE_LOOK: Duration = Duration::from_secs(1);

static TOKENS: AtomicU64 = AtomicU64::new(0);

struct ActorState<'a> {
    held: Held<'a>,
    inflight: JoinSet<Finished>,
    started: BTreeSet<(TaskId, u32)>,
}

impl App {
    /// Drives an execution whose lease this process holds. An earlier actor of the same execution is stopped: its
    /// lease has run out or was taken away, and the claim's version keeps it from committing.
    pub(crate) fn drive(&self, place: Place, definition: Arc<Definition>, execution: Arc<Execution>) {
        let app = self.clone();
        let id = execution.id;
        let poked = Arc::new(Notify::new());
        let notify = Arc::clone(&poked);
        let token = TOKENS.fetch_add(1, Ordering::Relaxed);
        // Locked until the entry stands, or a quick actor would remove it before it is there.
        let mut driven = lock(&self.driver().driven);
        let task = tokio::spawn(async move {
            let ended = if execution.record.is_some() {
                app.fire_record_timer(&definition, &execution).await
            } else if execution.flow.is_some() {
                FlowActor::new(&app, definition, execution).run(&notify).await
            } else {
                let held = Held::new(&app, definition, execution);
                ActorState { held, inflight: JoinSet::new(), started: BTreeSet::new() }.run(&notify).await
            };
            if let Err(error) = ended {
                tracing::error!(execution = %id, %error, "driving the execution failed; its lease will run out");
            }
            let mut driven = lock(&app.driver().driven);
            if driven.get(&id).is_some_and(|d| d.token == token) {
                driven.remove(&id);
            }
            drop(driven);
            drop(place);
        });
        if let Some(earlier) = driven.insert(id, Driven { token, poked, abort: task.abort_handle() }) {
            earlier.abort.abort();
        }
    }
}

impl ActorState<'_> {
    async fn run(mut self, poked: &Notify) -> AppResult<()> {
        loop {
            let Some(view) = self.held.view().await? else { return Ok(()) };
            if self.prepare(&view).await?.is_some() {
                return Ok(());
            }
            let (app, due) = (self.held.app, self.held.execution.next_due());
            let stop = tokio::select! {
                finished = self.inflight.join_next() => match finished {
                    Some(Ok(finished)) => self.finish(&view, finished).await?,
                    Some(Err(panicked)) => {
                        return Err(AppError::Internal(format!("an invocation panicked: {panicked}")));
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

    /// Begins, fires timers, and starts every outstanding invocation; says so when there is nothing to wait for.
    async fn prepare(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        if matches!(self.held.execution.status, ExecutionStatus::Pending)
            && let Some(stop) = self.begin(view).await?
        {
            return Ok(Some(stop));
        }
        if self.held.execution.next_due().is_some_and(|due| due <= self.held.app.now())
            && let Some(stop) = self.commit(view, Command::TimerFired, Extra::default()).await?
        {
            return Ok(Some(stop));
        }
        if matches!(self.held.execution.status, ExecutionStatus::Running | ExecutionStatus::Paused { .. }) {
            self.invoke_outstanding(view);
        }
        if self.inflight.is_empty() {
            // Claimed for nothing.
            return self.held.release(view, self.held.app.wake_of(&self.held.execution, None)).await;
        }
        Ok(None)
    }

    async fn begin(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        let (tenant, definition) = (self.held.execution.tenant_id, self.held.definition.id);
        if retrying(|| self.held.app.current_definition(tenant, definition)).await?.is_none() {
            let reason = Some("the workflow was deleted".into());
            return self.commit(view, Command::Cancel { reason }, Extra::default()).await;
        }
        if self.waits_its_turn().await? {
            let wake = Wake::At(self.held.app.now() + QUEUE_LOOK);
            return self.held.release(view, wake).await;
        }
        self.commit(view, Command::Begin, Extra::default()).await
    }

    /// A tick that falls due while a run of the workflow is active is queued (source: contracts/softsolz.md 2C).
    async fn waits_its_turn(&self) -> AppResult<bool> {
        let run = &self.held.execution;
        if run.dialect != Dialect::Softsolz || run.trigger.source != TriggerSource::Schedule {
            return Ok(false);
        }
        let open = || async {
            Ok(self
                .held
                .app
                .store()
                .open_executions_of(run.tenant_id, run.definition_id, super::QUEUE_DEPTH + 1)
                .await?)
        };
        // Newest first, so whatever follows this run was there before it.
        Ok(retrying(open).await?.iter().skip_while(|id| **id != run.id).nth(1).is_some())
    }

    fn invoke_outstanding(&mut self, view: &Arc<TenantView>) {
        for task in self.held.execution.running() {
            let TaskState::Running { attempt, .. } = task.state else { continue };
            if self.started.insert((task.id, attempt)) {
                let (app, view, id) = (self.held.app.clone(), Arc::clone(view), task.id);
                let (definition, execution) = (Arc::clone(&self.held.definition), Arc::clone(&self.held.execution));
                self.inflight.spawn(async move { app.invoke(view, definition, execution, id, attempt).await });
            }
        }
    }

    /// Applies an outcome and commits it with everything the step has staged.
    async fn finish(&mut self, view: &Arc<TenantView>, finished: Finished) -> AppResult<Option<Stop>> {
        let Finished { task, attempt, outcome, metering, session } = finished;
        self.started.remove(&(task, attempt));
        let (mut effects, starts) = session.map_or((Effects::default(), Vec::new()), Session::into_effects);
        let started = !starts.is_empty() || !effects.emitted.is_empty();
        if started && let Err(error) = self.held.app.check_open_quota(view).await {
            let fault = Fault::permanent("QUOTA_EXCEEDED", error.to_string());
            return self.fail(view, task, attempt, fault).await;
        }
        let (flows, starts) = self.held.app.flow_starts(&self.held.execution, None, starts);
        effects.emitted.extend(flows);
        let children = self.held.app.children(view, &self.held.execution, starts)?;
        let (app, nothing) = (self.held.app, Entities::new());
        let told = retrying(|| app.told_of_changes(&self.held.execution, &effects, &nothing)).await?;
        told.add_to(&mut effects);
        let usage = UsageDelta { steps: 1, executions: children.len() as u64, metering };
        let extra = Extra { effects, children, usage, ..Extra::default() };
        let command = Command::InvocationFinished { task, attempt, outcome, metering };
        let stop = match self.commit_outcome(view, command, extra).await? {
            Saved::Done => None,
            Saved::Stopped(stop) => Some(stop),
            // What the step had read is not there any more: nothing was written, so it simply runs again, a little
            // later, since whoever was faster may not be done either.
            Saved::Conflict(what) => {
                tracing::debug!(execution = %self.held.execution.id, task = task.0, what, "staged changes clash");
                let outcome = Outcome::Defer { until: self.held.app.soon() };
                let command = Command::InvocationFinished { task, attempt, outcome, metering };
                self.commit(view, command, Extra::default()).await?
            }
            Saved::Refused(why) => self.fail(view, task, attempt, Fault::permanent("NOT_STORABLE", why)).await?,
        };
        if started {
            self.held.app.driver().hint();
        }
        Ok(stop)
    }

    async fn fail(
        &mut self,
        view: &Arc<TenantView>,
        task: TaskId,
        attempt: u32,
        fault: Fault,
    ) -> AppResult<Option<Stop>> {
        let (outcome, metering) = (Outcome::Failed(fault), stepwright_engine::Metering::default());
        self.commit(view, Command::InvocationFinished { task, attempt, outcome, metering }, Extra::default()).await
    }

    /// Commits what cannot clash: no staged effects.
    async fn commit(&mut self, view: &Arc<TenantView>, command: Command, extra: Extra) -> AppResult<Option<Stop>> {
        match self.commit_outcome(view, command, extra).await? {
            Saved::Done => Ok(None),
            Saved::Stopped(stop) => Ok(Some(stop)),
            Saved::Conflict(why) | Saved::Refused(why) => Err(AppError::Internal(why)),
        }
    }

    async fn commit_outcome(&mut self, view: &Arc<TenantView>, command: Command, extra: Extra) -> AppResult<Saved> {
        loop {
            let Held { app, definition, execution, .. } = &self.held;
            let env = app.env(Actor::System);
            let transition = match apply(definition, Execution::clone(execution), command.clone(), &env) {
                Ok(transition) => transition,
                // Somebody else has decided meanwhile; the outcome is of no use any more.
                Err(TransitionError::StaleAttempt { .. } | TransitionError::WrongStatus { .. }) => {
                    return Ok(Saved::Done);
                }
                Err(error) => return Err(error.into()),
            };
            match self.held.save(view, transition, extra.clone()).await? {
                Tried::Ended(saved) => return Ok(saved),
                Tried::Clash(what) => return Ok(Saved::Conflict(what)),
                Tried::Again => {}
            }
        }
    }
}
