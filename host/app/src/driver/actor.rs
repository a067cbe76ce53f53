//! One driven execution: run what is outstanding, apply what comes back, commit, go on.

use super::flow_actor::FlowActor;
use super::invoke::Finished;
use super::saving::Extra;
use super::{Driven, Place, lock};
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, UsageDelta, Wake};
use crate::ports::{CommitError, StoreError};
use crate::session::Session;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stepwright_engine::{
    Actor, Command, Definition, Dialect, Execution, ExecutionStatus, Fault, Outcome, TaskId, TaskState, Timestamp,
    Transition, TransitionError, TriggerSource, apply,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Bytes of an execution's document; a step whose output would push it beyond fails.
pub(crate) const MAX_DOCUMENT: usize = 8 << 20;
/// First and longest wait while the database does not answer.
pub(super) const STORE_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a queued run waits before it looks whether the one before it has ended.
const QUEUE_LOOK: Duration = Duration::from_secs(1);

static TOKENS: AtomicU64 = AtomicU64::new(0);

/// Why an actor stops.
pub(super) enum Stop {
    /// Nothing left to do here; the database says who goes on, and when.
    Idle,
    /// Another actor or node holds it now, or it is gone.
    Lost,
}

/// What became of a commit.
pub(super) enum Saved {
    Done,
    Stopped(Stop),
    /// A staged document has changed since the step read it. Nothing was written.
    Conflict(String),
    /// The database will never take it.
    Refused(String),
}

struct ActorState<'a> {
    app: &'a App,
    definition: Arc<Definition>,
    execution: Arc<Execution>,
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
                let (inflight, started) = (JoinSet::new(), BTreeSet::new());
                ActorState { app: &app, definition, execution, inflight, started }.run(&notify).await
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

    /// Gives the lease back without a transition; another holder's version wins silently.
    pub(super) async fn release(
        &self,
        view: &TenantView,
        definition: &Definition,
        execution: &Execution,
        wake: Wake,
    ) -> AppResult<()> {
        let expected = execution.version;
        let mut next = execution.clone();
        next.version += 1;
        let mut write = self.write(Transition { next, events: Vec::new() }, expected, wake)?;
        write.held_by = Some(self.config().node);
        match self.commit_one(view, definition, write, Extra::default()).await {
            Ok(_) | Err(CommitError::Stale(_)) => Ok(()),
            Err(error) => Err(AppError::Unavailable(error.to_string())),
        }
    }
}

impl ActorState<'_> {
    async fn run(mut self, poked: &Notify) -> AppResult<()> {
        loop {
            let Some(view) = self.view().await? else { return Ok(()) };
            if self.prepare(&view).await?.is_some() {
                return Ok(());
            }
            let (app, due) = (self.app, self.execution.next_due());
            let stop = tokio::select! {
                finished = self.inflight.join_next() => match finished {
                    Some(Ok(finished)) => self.finish(&view, finished).await?,
                    Some(Err(panicked)) => {
                        return Err(AppError::Internal(format!("an invocation panicked: {panicked}")));
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

    async fn view(&self) -> AppResult<Option<Arc<TenantView>>> {
        retrying(|| self.app.tenant_view(self.execution.tenant_id)).await
    }

    /// Begins, fires timers, and starts every outstanding invocation; says so when there is nothing to wait for.
    async fn prepare(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        if matches!(self.execution.status, ExecutionStatus::Pending)
            && let Some(stop) = self.begin(view).await?
        {
            return Ok(Some(stop));
        }
        if self.execution.next_due().is_some_and(|due| due <= self.app.now())
            && let Some(stop) = self.commit(view, Command::TimerFired, Extra::default()).await?
        {
            return Ok(Some(stop));
        }
        if matches!(self.execution.status, ExecutionStatus::Running | ExecutionStatus::Paused { .. }) {
            self.invoke_outstanding(view);
        }
        if self.inflight.is_empty() {
            // Claimed for nothing: the lease is given back, or it would be claimed again when it has run out.
            self.app.release(view, &self.definition, &self.execution, self.app.wake_of(&self.execution, None)).await?;
            return Ok(Some(Stop::Idle));
        }
        Ok(None)
    }

    async fn begin(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        let (tenant, definition) = (self.execution.tenant_id, self.definition.id);
        if retrying(|| self.app.current_definition(tenant, definition)).await?.is_none() {
            let reason = Some("the workflow was deleted".into());
            return self.commit(view, Command::Cancel { reason }, Extra::default()).await;
        }
        if self.waits_its_turn().await? {
            let wake = Wake::At(self.app.now() + QUEUE_LOOK);
            self.app.release(view, &self.definition, &self.execution, wake).await?;
            return Ok(Some(Stop::Idle));
        }
        self.commit(view, Command::Begin, Extra::default()).await
    }

    /// A tick that falls due while a run of the workflow is active is queued (source: contracts/softsolz.md 2C).
    async fn waits_its_turn(&self) -> AppResult<bool> {
        let run = &self.execution;
        if run.dialect != Dialect::Softsolz || run.trigger.source != TriggerSource::Schedule {
            return Ok(false);
        }
        let open = || async {
            Ok(self.app.store().open_executions_of(run.tenant_id, run.definition_id, super::QUEUE_DEPTH + 1).await?)
        };
        // Newest first, so whatever follows this run was there before it.
        Ok(retrying(open).await?.iter().skip_while(|id| **id != run.id).nth(1).is_some())
    }

    fn invoke_outstanding(&mut self, view: &Arc<TenantView>) {
        for task in self.execution.running() {
            let TaskState::Running { attempt, .. } = task.state else { continue };
            if self.started.insert((task.id, attempt)) {
                let (app, view, id) = (self.app.clone(), Arc::clone(view), task.id);
                let (definition, execution) = (Arc::clone(&self.definition), Arc::clone(&self.execution));
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
        if started && let Err(error) = self.app.check_open_quota(view).await {
            let fault = Fault::permanent("QUOTA_EXCEEDED", error.to_string());
            return self.fail(view, task, attempt, fault).await;
        }
        let (flows, starts) = self.app.flow_starts(&self.execution, None, starts);
        effects.emitted.extend(flows);
        let children = self.app.children(view, &self.execution, starts)?;
        let told = retrying(|| self.app.told_of_changes(&self.execution, &effects.entities)).await?;
        effects.emitted.extend(told);
        let usage = UsageDelta { steps: 1, executions: children.len() as u64, metering };
        let extra = Extra { effects, children, usage, ..Extra::default() };
        let command = Command::InvocationFinished { task, attempt, outcome, metering };
        let stop = match self.commit_outcome(view, command, extra).await? {
            Saved::Done => None,
            Saved::Stopped(stop) => Some(stop),
            // What the step had read is not there any more: nothing was written, so it simply runs again, a little
            // later, since whoever was faster may not be done either.
            Saved::Conflict(what) => {
                tracing::debug!(execution = %self.execution.id, task = task.0, what, "staged changes clash");
                let outcome = Outcome::Defer { until: self.app.soon() };
                let command = Command::InvocationFinished { task, attempt, outcome, metering };
                self.commit(view, command, Extra::default()).await?
            }
            Saved::Refused(why) => self.fail(view, task, attempt, Fault::permanent("NOT_STORABLE", why)).await?,
        };
        if started {
            self.app.driver().hint();
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
        let node = self.app.config().node;
        let mut wait = STORE_RETRY.0;
        loop {
            let before = (*self.execution).clone();
            let expected = before.version;
            let transition = match apply(&self.definition, before, command.clone(), &self.app.env(Actor::System)) {
                Ok(transition) => transition,
                // Somebody else has decided meanwhile; the outcome is of no use any more.
                Err(TransitionError::StaleAttempt { .. } | TransitionError::WrongStatus { .. }) => {
                    return Ok(Saved::Done);
                }
                Err(error) => return Err(error.into()),
            };
            let wake = self.app.wake_of(&transition.next, Some(node));
            let mut write = self.app.write(transition, expected, wake)?;
            if write.document.len() > MAX_DOCUMENT {
                return Ok(Saved::Refused(format!("the execution would exceed {MAX_DOCUMENT} bytes")));
            }
            write.held_by = Some(node);
            match self.app.commit_one(view, &self.definition, write, extra.clone()).await {
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
                Err(CommitError::EffectConflict(what)) => return Ok(Saved::Conflict(what)),
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

    /// Takes over what the database says. Invocations of tasks that are not awaited any more are given up.
    async fn reload(&mut self) -> AppResult<Option<Stop>> {
        let (tenant, id, node) = (self.execution.tenant_id, self.execution.id, self.app.config().node);
        let held = retrying(|| async { Ok(self.app.store().held_execution(tenant, id, node).await?) }).await?;
        let Some(execution) = held else {
            return Ok(Some(Stop::Lost));
        };
        self.execution = Arc::new(execution);
        if self.execution.running().next().is_none() {
            self.inflight.abort_all();
            return Ok(Some(Stop::Idle));
        }
        Ok(None)
    }
}

/// Until another task of the execution is due while some are in flight. Looks at the clock often enough to follow one
/// that is simulated.
pub(super) async fn until_due(app: &App, due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    loop {
        let left = due.since(app.now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(app.config().poll)).await;
    }
}

/// Repeats a read until the database answers.
pub(super) async fn retrying<T, F: Future<Output = AppResult<T>>>(mut read: impl FnMut() -> F) -> AppResult<T> {
    let mut wait = STORE_RETRY.0;
    loop {
        match read().await {
            Err(AppError::Unavailable(_)) => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(STORE_RETRY.1);
            }
            other => return other,
        }
    }
}
