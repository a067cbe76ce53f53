//! Records (HydraCore) and the guards bound to their types, as the application sees them in the store.

use super::store::StoreResult;
use crate::model::{GuardBinding, OtherExecutions, RecordFilter};
use async_trait::async_trait;
use std::collections::BTreeMap;
use stepwright_engine::record::WorkflowType;
use stepwright_engine::{Execution, ExecutionId, HistoryEvent, TenantId};

/// Records (HydraCore) by what their dialect lists them by.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Records, newest first, and `others` among them, `limit` of them behind `offset`, and how many there are in all.
    async fn records(
        &self,
        tenant: TenantId,
        filter: &RecordFilter,
        others: Option<&OtherExecutions>,
        limit: u32,
        offset: u64,
    ) -> StoreResult<(Vec<Execution>, u64)>;
    /// Suspended records, the one suspended last first.
    async fn suspended_records(&self, tenant: TenantId, limit: u32) -> StoreResult<Vec<Execution>>;
    /// The whole history of each of these executions, oldest first; those without one are left out.
    async fn histories(
        &self,
        tenant: TenantId,
        ids: &[ExecutionId],
    ) -> StoreResult<BTreeMap<ExecutionId, Vec<HistoryEvent>>>;
}

/// Guards bound to records of a type.
#[async_trait]
pub trait GuardStore: Send + Sync {
    /// All of them, by type.
    async fn guards(&self, tenant: TenantId) -> StoreResult<Vec<GuardBinding>>;
    /// Binds the guard, instead of the one that was; whether there was none.
    async fn put_guard(&self, binding: &GuardBinding) -> StoreResult<bool>;
    async fn delete_guard(&self, tenant: TenantId, workflow_type: WorkflowType) -> StoreResult<bool>;
}
