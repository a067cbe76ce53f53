//! Records (HydraCore): opening, reading, listing and moving them.

mod commands;
mod guards;
mod list;
mod open;

pub use commands::RecordCaller;
pub use guards::GuardDraft;
pub(crate) use guards::GuardVerdict;
pub use open::OpenRecord;
pub(crate) use open::{record_definition, unfit};

use crate::App;
use crate::error::{AppError, AppResult};
use crate::turns::{SharedHistory, Taken};
use std::sync::Arc;
use stepwright_engine::record::{Record, Suspension};
use stepwright_engine::{EventKind, Execution, HistoryEvent};

/// A record with its history.
#[derive(Clone, Debug)]
pub struct RecordView {
    execution: Arc<Execution>,
    history: SharedHistory,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct RecordPage {
    pub items: Vec<RecordView>,
    /// All that match, on this page or another.
    pub total: u64,
}

impl RecordView {
    /// # Errors
    /// `NotFound` when the execution is no record.
    fn of(execution: Arc<Execution>, history: SharedHistory) -> AppResult<Self> {
        match execution.record {
            Some(_) => Ok(Self { execution, history }),
            None => Err(AppError::NotFound("workflow")),
        }
    }

    fn taken(taken: Taken) -> AppResult<Self> {
        Self::of(taken.view.execution, taken.history)
    }

    /// The execution around it.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The record; none only if the execution were something else, which [`Self::of`] rules out.
    pub fn record(&self) -> Option<&Record> {
        self.execution.record.as_deref()
    }

    /// What has been done, oldest first: that something fell due is no action.
    pub fn history(&self) -> impl Iterator<Item = &HistoryEvent> {
        let own = self.history.iter().take_while(|event| event.seq <= self.execution.history_seq);
        own.map(|event| &**event).filter(|event| event.kind != EventKind::RecordDue)
    }

    /// Where it is suspended.
    pub fn suspension(&self) -> Option<&Suspension> {
        self.record()?.suspension()
    }
}

impl App {
    /// The history of a record, exactly as long as the execution says.
    pub(crate) async fn history_of(&self, execution: &Execution) -> AppResult<SharedHistory> {
        let events = self.store().history(execution.tenant_id, execution.id, 0, u32::MAX).await?.items;
        Ok(shared(events, execution.history_seq))
    }
}

/// Events up to a number; later ones belong to a later state.
fn shared(events: Vec<HistoryEvent>, last: u64) -> SharedHistory {
    Arc::new(events.into_iter().take_while(|event| event.seq <= last).map(Arc::new).collect())
}
