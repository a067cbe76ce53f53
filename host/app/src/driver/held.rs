//! An execution that this process holds the lease of, as it was last committed: what actors of tasks and of flows have
//! in common.

use super::saving::Extra;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::Wake;
use crate::ports::{CommitError, StoreError};
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::{Definition, Execution, Timestamp, Transition};

/// Bytes of an execution's document; a step whose output would push it beyond fails.
pub(crate) const MAX_DOCUMENT: usize = 8 << 20;
/// First and longest wait while the database does not answer.
const STORE_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

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

/// What became of one try to commit.
pub(super) enum Tried {
    Ended(Saved),
    /// What was tried was made from an older state, or the database did not answer: to be made anew and tried again.
    Again,
    /// Something the commit writes besides the execution has changed.
    Clash(String),
}

/// The execution, and how long the database has not answered.
pub(super) struct Held<'a> {
    pub app: &'a App,
    pub definition: Arc<Definition>,
    pub execution: Arc<Execution>,
    wait: Duration,
}

impl<'a> Held<'a> {
    pub fn new(app: &'a App, definition: Arc<Definition>, execution: Arc<Execution>) -> Self {
        Self { app, definition, execution, wait: STORE_RETRY.0 }
    }

    /// The tenant with what calls need; `None` when it is gone.
    pub async fn view(&self) -> AppResult<Option<Arc<TenantView>>> {
        retrying(|| self.app.tenant_view(self.execution.tenant_id)).await
    }

    /// Tries to commit a transition of the execution as it is held. The lease is kept while there is work left, else it
    /// goes back with the commit.
    pub async fn save(&mut self, view: &TenantView, transition: Transition, extra: Extra) -> AppResult<Tried> {
        let (node, expected) = (self.app.config().node, self.execution.version);
        let wake = self.app.wake_of(&transition.next, Some(node));
        let mut write = self.app.write(transition, expected, wake)?;
        if write.document.len() > MAX_DOCUMENT {
            return Ok(Tried::Ended(Saved::Refused(format!("the execution would exceed {MAX_DOCUMENT} bytes"))));
        }
        write.held_by = Some(node);
        match self.app.commit_one(view, &self.definition, write, extra).await {
            Ok(next) => {
                self.execution = next;
                self.wait = STORE_RETRY.0;
                if matches!(wake, Wake::Leased { .. }) {
                    return Ok(Tried::Ended(Saved::Done));
                }
                // Given back with the commit: from now on anybody may claim it.
                if matches!(wake, Wake::At(_)) {
                    self.app.driver().hint();
                }
                Ok(Tried::Ended(Saved::Stopped(Stop::Idle)))
            }
            Err(CommitError::Stale(_)) => match self.reload().await? {
                Some(stop) => Ok(Tried::Ended(Saved::Stopped(stop))),
                None => Ok(Tried::Again),
            },
            Err(CommitError::EffectConflict(what)) => Ok(Tried::Clash(what)),
            Err(CommitError::Store(StoreError::Unavailable(reason))) => {
                tracing::warn!(execution = %self.execution.id, reason, "database unavailable; the commit is tried again");
                tokio::time::sleep(self.wait).await;
                self.wait = (self.wait * 2).min(STORE_RETRY.1);
                Ok(Tried::Again)
            }
            Err(error @ (CommitError::Precondition { .. } | CommitError::Store(_))) => {
                Ok(Tried::Ended(Saved::Refused(error.to_string())))
            }
        }
    }

    /// Takes over what the database says. An actor that stops gives up whatever nobody awaits any more.
    pub async fn reload(&mut self) -> AppResult<Option<Stop>> {
        let (tenant, id, node) = (self.execution.tenant_id, self.execution.id, self.app.config().node);
        let held = retrying(|| async { Ok(self.app.store().held_execution(tenant, id, node).await?) }).await?;
        let Some(execution) = held else {
            return Ok(Some(Stop::Lost));
        };
        self.execution = Arc::new(execution);
        Ok((!self.execution.is_working()).then_some(Stop::Idle))
    }

    /// Gives the lease back because there is nothing to do, or it would be claimed again when it has run out.
    pub async fn release(&self, view: &TenantView, wake: Wake) -> AppResult<Option<Stop>> {
        let expected = self.execution.version;
        let mut next = Execution::clone(&self.execution);
        next.version += 1;
        let mut write = self.app.write(Transition { next, events: Vec::new() }, expected, wake)?;
        write.held_by = Some(self.app.config().node);
        match self.app.commit_one(view, &self.definition, write, Extra::default()).await {
            // Another holder's version wins silently.
            Ok(_) | Err(CommitError::Stale(_)) => Ok(Some(Stop::Idle)),
            Err(error) => Err(AppError::Unavailable(error.to_string())),
        }
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
