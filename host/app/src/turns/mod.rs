//! Commands to one execution take turns: those that arrive while one is being committed are applied one after the
//! other to the state in memory and committed together.
//!
//! Contenders for one row would otherwise load, apply and lose against each other over and over. Here one of them leads:
//! it takes all that wait, and gives each its own answer. The database's version stays the fence, so other hosts, the
//! driver and the timers need not know: where they were faster, the batch is applied anew. What the leader remembers
//! may be used to say yes, since the commit proves it; a no is checked against the database first.

mod queue;
mod record;
mod round;
mod serve;

pub(crate) use queue::Turns;

use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::usecases::ExecutionView;
use std::sync::Arc;
use stepwright_engine::flow::Flow;
use stepwright_engine::record::Command;
use stepwright_engine::{Actor, ExecutionId, HistoryEvent, InstanceId, flow};
use tokio::sync::oneshot;

/// What is asked of an execution.
pub(crate) enum Ask {
    Flow { command: flow::Command, allowed: Allowed },
    Record(RecordAsk),
}

/// Whether a caller may do something to a flow, in the very state its command meets; the refusal inside.
pub(crate) type Allowed = Box<dyn Fn(&Flow) -> AppResult<()> + Send + Sync>;

/// What is asked of a record.
pub(crate) struct RecordAsk {
    pub command: Command,
    /// The actor's name in the record's history.
    pub name: String,
    /// What kind of actor that is, for guards.
    pub kind: &'static str,
    /// The instance the record must belong to.
    pub instance: Option<InstanceId>,
}

/// The history of a record: shared by everybody who looks at it, each as far as its own execution has come.
pub(crate) type SharedHistory = Arc<Vec<Arc<HistoryEvent>>>;

/// What a turn has led to.
pub(crate) struct Taken {
    pub view: ExecutionView,
    /// Of records; may go on behind the execution's last event.
    pub history: SharedHistory,
}

/// A command waiting for its turn.
pub(crate) struct Turn {
    view: Arc<TenantView>,
    actor: Actor,
    ask: Ask,
    reply: oneshot::Sender<AppResult<Taken>>,
}

impl App {
    /// Applies a command to the state the execution has when it is committed.
    ///
    /// # Errors
    /// `NotFound`; the refusal of the execution's state machine; `Unavailable`.
    pub(crate) async fn take_turn(
        &self,
        view: &Arc<TenantView>,
        actor: Actor,
        id: ExecutionId,
        ask: Ask,
    ) -> AppResult<Taken> {
        let (reply, answer) = oneshot::channel();
        let turn = Turn { view: Arc::clone(view), actor, ask, reply };
        if let Some(leader) = self.turns().join((view.tenant.id, id), turn) {
            // A task of its own: whoever leads must not stop when its own caller goes away.
            tokio::spawn(self.clone().lead(leader));
        }
        answer.await.unwrap_or_else(|_| Err(AppError::Internal("applying a command panicked".into())))
    }
}
