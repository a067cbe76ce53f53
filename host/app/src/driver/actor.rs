//! One driven execution: run what is outstanding, apply what comes back, commit, go on.

use super::invoke::Finished;
use super::lock;
use super::saving::Extra;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{Effects, UsageDelta, Wake};
use crate::ports::{CommitError, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::{
    Actor, Command, Definition, Execution, ExecutionStatus, Fault, Outcome, TaskId, TaskState, TransitionError, apply,
};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::task::JoinSet;

/// Times a step is run again at once because what it had read has changed under it.
const MAX_EFFECT_CONFLICTS: u32 = 5;
/// First and longest wait while the database does not answer.
const STORE_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Why an actor stops.
enum Stop {
    /// Nothing left to do here; the database says who goes on, and when.
    Idle,
    /// Another node holds it now, or it is gone.
    Lost,
}

struct ActorState<'a> {
    app: &'a App,
    definition: Arc<Definition>,
    execution: Execution,
    inflight: JoinSet<Finished>,
    started: BTreeSet<(TaskId, u32)>,
    conflicts: u32,
}

impl App {
    /// Drives an execution whose lease this process holds.
    pub(crate) fn drive(&self, place: OwnedSemaphorePermit, definition: Arc<Definition>, execution: Execution) {
        let app = self.clone();
        let poked = Arc::new(Notify::new());
        lock(&self.driver().driven).insert(execution.id, Arc::clone(&poked));
        tokio::spawn(async move {
            let id = execution.id;
            let state = ActorState {
                app: &app,
                definition,
                execution,
                inflight: JoinSet::new(),
                started: BTreeSet::new(),
                conflicts: 0,
            };
            if let Err(error) = state.run(&poked).await {
                tracing::error!(execution = %id, %error, "driving the execution failed; its lease will run out");
            }
            lock(&app.driver().driven).remove(&id);
            drop(place);
        });
    }
}

impl ActorState<'_> {
    async fn run(mut self, poked: &Notify) -> AppResult<()> {
        loop {
            let Some(view) = self.view().await? else { return Ok(()) };
            if let Some(stop) = self.prepare(&view).await? {
                if matches!(stop, Stop::Idle) {
                    self.app.driver().hint();
                }
                return Ok(());
            }
            tokio::select! {
                finished = self.inflight.join_next() => match finished {
                    Some(Ok(finished)) => {
                        if self.finish(&view, finished).await?.is_some() {
                            return Ok(());
                        }
                    }
                    Some(Err(panicked)) => {
                        return Err(AppError::Internal(format!("an invocation panicked: {panicked}")));
                    }
                    None => return Ok(()),
                },
                () = poked.notified() => {
                    if self.reload().await?.is_some() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn view(&self) -> AppResult<Option<Arc<TenantView>>> {
        retrying(|| self.app.tenant_view(self.execution.tenant_id)).await
    }

    /// Begins, fires timers, and starts every outstanding invocation; says so when there is nothing to wait for.
    async fn prepare(&mut self, view: &Arc<TenantView>) -> AppResult<Option<Stop>> {
        if matches!(self.execution.status, ExecutionStatus::Pending)
            && let Some(stop) = self.commit(view, Command::Begin, Extra::default()).await?
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
        Ok(self.inflight.is_empty().then_some(Stop::Idle))
    }

    fn invoke_outstanding(&mut self, view: &Arc<TenantView>) {
        let outstanding: Vec<(TaskId, u32)> = self
            .execution
            .running()
            .filter_map(|task| match task.state {
                TaskState::Running { attempt, .. } => Some((task.id, attempt)),
                _ => None,
            })
            .filter(|key| !self.started.contains(key))
            .collect();
        for key in outstanding {
            if let Some(invocation) = self.app.invocation(view, &self.definition, &self.execution, key.0) {
                self.started.insert(key);
                let app = self.app.clone();
                self.inflight.spawn(async move { app.invoke(invocation).await });
            }
        }
    }

    /// Applies an outcome and commits it with everything the step has staged.
    async fn finish(&mut self, view: &Arc<TenantView>, finished: Finished) -> AppResult<Option<Stop>> {
        let Finished { task, attempt, outcome, metering, session } = finished;
        self.started.remove(&(task, attempt));
        let (effects, starts) = session.map_or((Effects::default(), Vec::new()), crate::session::Session::into_effects);
        let children = self.app.children(view, &self.execution, starts)?;
        let usage = UsageDelta { steps: 1, executions: children.len() as u64, metering };
        let has_effects = !effects.is_unconditional();
        let extra = Extra { effects, children, usage, ..Extra::default() };
        let command = Command::InvocationFinished { task, attempt, outcome, metering };
        match self.commit_outcome(view, command, extra).await? {
            Saved::Done => self.conflicts = 0,
            Saved::Stopped(stop) => return Ok(Some(stop)),
            // What the step had read is not there any more: nothing was written, so it simply runs again.
            Saved::Conflict(what) if has_effects && self.conflicts < MAX_EFFECT_CONFLICTS => {
                self.conflicts += 1;
                tracing::debug!(execution = %self.execution.id, task = task.0, what, "staged changes clash; running the step again");
            }
            Saved::Conflict(what) => {
                let fault = Fault::transient("EFFECT_CONFLICT", format!("{what} kept changing while the step ran"));
                let command = Command::InvocationFinished { task, attempt, outcome: Outcome::Failed(fault), metering };
                return self.commit(view, command, Extra::default()).await;
            }
        }
        Ok(None)
    }

    async fn commit(&mut self, view: &Arc<TenantView>, command: Command, extra: Extra) -> AppResult<Option<Stop>> {
        match self.commit_outcome(view, command, extra).await? {
            Saved::Done => Ok(None),
            Saved::Stopped(stop) => Ok(Some(stop)),
            Saved::Conflict(what) => Err(AppError::Internal(format!("unexpected conflict on {what}"))),
        }
    }

    async fn commit_outcome(&mut self, view: &Arc<TenantView>, command: Command, extra: Extra) -> AppResult<Saved> {
        let node = self.app.config().node;
        let mut wait = STORE_RETRY.0;
        loop {
            let before = self.execution.clone();
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
            write.held_by = Some(node);
            let attempt = Extra {
                preconditions: Vec::new(),
                effects: extra.effects.clone(),
                children: extra.children.clone(),
                webhooks: Vec::new(),
                usage: extra.usage,
            };
            match self.app.commit_one(view, &self.definition, write, attempt).await {
                Ok(next) => {
                    self.execution = next;
                    // Given back with the commit: from now on anybody may claim it.
                    let kept = matches!(wake, Wake::Leased { .. });
                    return Ok(if kept { Saved::Done } else { Saved::Stopped(Stop::Idle) });
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
                    return Err(AppError::Internal(error.to_string()));
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
        self.execution = execution;
        let awaited = self.execution.running().count();
        if awaited == 0 {
            self.inflight.abort_all();
            return Ok(Some(Stop::Idle));
        }
        Ok(None)
    }
}

enum Saved {
    Done,
    Stopped(Stop),
    Conflict(String),
}

/// Repeats a read until the database answers.
async fn retrying<T, F: Future<Output = AppResult<T>>>(mut read: impl FnMut() -> F) -> AppResult<T> {
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
