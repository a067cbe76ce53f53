//! Reading and listing records, and other APIs' executions among them.

use super::{RecordPage, RecordView, record_definition, shared};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::face::{CoreStatus, FOREIGN_TYPE, as_record, nobody, record_status};
use crate::model::{OtherExecutions, RecordFilter};
use crate::usecases::{Access, ExecutionView};
use std::sync::Arc;
use stepwright_engine::record::WorkflowType;
use stepwright_engine::{Execution, ExecutionId, HistoryEvent, InstanceId, TenantId};

/// Suspended records shown at once (source: contracts/hydracore.md 1A.2).
const MOST_SUSPENDED: u32 = 1_000;

impl RecordView {
    /// Another API's execution, for showing only.
    fn of_foreign(view: &ExecutionView, history: Vec<HistoryEvent>) -> Self {
        let (execution, history) = as_record(view, history);
        Self { execution: Arc::new(execution), history: shared(history, u64::MAX) }
    }
}

impl OtherExecutions {
    /// What the filter of a list of records leaves of the executions that are none. They belong to no instance, are all
    /// of one type, and have no reference.
    fn beside(tenant: TenantId, filter: &RecordFilter) -> Option<Self> {
        let RecordFilter { instance, workflow_type, status, customer, reference } = filter;
        let of_type = workflow_type.is_none_or(|wanted| wanted == FOREIGN_TYPE);
        if instance.is_some() || reference.is_some() || !of_type || *customer == Some(nobody()) {
            return None;
        }
        Some(Self {
            statuses: status.map(|wanted| statuses(|core| record_status(core) == wanted)).unwrap_or_default(),
            entity_id: customer.map(|customer| customer.to_string()),
            of_records: WorkflowType::ALL.iter().map(|kind| record_definition(tenant, *kind).id).collect(),
        })
    }
}

fn statuses(wanted: impl Fn(CoreStatus) -> bool) -> Vec<CoreStatus> {
    CoreStatus::ALL.into_iter().filter(|status| wanted(*status)).collect()
}

impl App {
    /// One record, or another API's execution shown as one; with an instance, only a record of that one.
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
        if instance.is_some_and(|instance| found.record.is_none() || found.instance_id != Some(instance)) {
            return Err(AppError::NotFound("workflow"));
        }
        if found.record.is_none() {
            let history = self.store().history(access.tenant_id(), id, 0, u32::MAX).await?.items;
            return Ok(RecordView::of_foreign(&self.view_of(access.tenant_id(), found).await?, history));
        }
        let history = self.history_of(&found).await?;
        RecordView::of(Arc::new(found), history)
    }

    /// Records, newest first, and how many there are in all; other APIs' executions among them where the filter does
    /// not name what only records have.
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
        let tenant = access.tenant_id();
        let others = OtherExecutions::beside(tenant, filter);
        let (found, total) = self.store().records(tenant, filter, others.as_ref(), limit, offset).await?;
        Ok(RecordPage { items: self.with_histories(access, found).await?, total })
    }

    /// Suspended records, the one suspended last first, at most 1000. No other API's executions are ever suspended.
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
        let tenant = access.tenant_id();
        let ids: Vec<ExecutionId> = found.iter().map(|execution| execution.id).collect();
        let mut histories = self.store().histories(tenant, &ids).await?;
        let mut views = Vec::with_capacity(found.len());
        for execution in found {
            let history = histories.remove(&execution.id).unwrap_or_default();
            views.push(match execution.record {
                Some(_) => RecordView::of(Arc::new(execution), shared(history, u64::MAX))?,
                None => RecordView::of_foreign(&self.view_of(tenant, execution).await?, history),
            });
        }
        Ok(views)
    }
}
