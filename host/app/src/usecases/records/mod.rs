//! Records (HydraCore): opening, reading, listing and moving them.

mod commands;
mod guards;
mod open;

pub use commands::RecordCaller;
pub use guards::GuardDraft;
pub(crate) use guards::GuardVerdict;
pub use open::OpenRecord;
pub(crate) use open::{record_definition, unfit};

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::RecordFilter;
use crate::turns::{SharedHistory, Taken};
use std::sync::Arc;
use stepwright_engine::record::{Record, Suspension};
use stepwright_engine::{EventKind, Execution, ExecutionId, HistoryEvent, InstanceId};

/// Suspended records shown at once (source: contracts/hydracore.md 1A.2).
const MOST_SUSPENDED: u32 = 1_000;

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
    /// One record; with an instance, only of that one.
    ///
    /// # Errors
    /// `NotFound("workflow")`.
    pub async fn record(
        &self,
        access: &Access,
        instance: Option<InstanceId>,
        id: ExecutionId,
    ) -> AppResult<RecordView> {
        let found = self.store().execution(access.tenant_id(), id).await?.ok_or(AppError::NotFound("workflow"))?;
        if found.record.is_none() || instance.is_some_and(|instance| found.instance_id != Some(instance)) {
            return Err(AppError::NotFound("workflow"));
        }
        let history = self.history_of(&found).await?;
        RecordView::of(Arc::new(found), history)
    }

    /// Records, newest first, and how many there are in all.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn records(
        &self,
        access: &Access,
        filter: &RecordFilter,
        limit: u32,
        offset: u64,
    ) -> AppResult<RecordPage> {
        let (found, total) = self.store().records(access.tenant_id(), filter, limit, offset).await?;
        Ok(RecordPage { items: self.with_histories(access, found).await?, total })
    }

    /// Suspended records, the one suspended last first, at most 1000.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn suspended_records(&self, access: &Access) -> AppResult<Vec<RecordView>> {
        let found = self.store().suspended_records(access.tenant_id(), MOST_SUSPENDED).await?;
        // Moved on between the two looks of the store.
        let found = found.into_iter().filter(|e| e.record.as_ref().is_some_and(|r| r.suspension().is_some()));
        self.with_histories(access, found.collect()).await
    }

    async fn with_histories(&self, access: &Access, found: Vec<Execution>) -> AppResult<Vec<RecordView>> {
        let ids: Vec<ExecutionId> = found.iter().map(|execution| execution.id).collect();
        let mut histories = self.store().histories(access.tenant_id(), &ids).await?;
        let view = |execution: Execution| {
            let history = histories.remove(&execution.id).unwrap_or_default();
            RecordView::of(Arc::new(execution), shared(history, u64::MAX))
        };
        found.into_iter().map(view).collect()
    }

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
