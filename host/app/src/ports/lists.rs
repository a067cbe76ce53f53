//! Lists of executions in several orders, by what they are about.

use super::StoreResult;
use crate::face::CoreStatus;
use async_trait::async_trait;
use stepwright_engine::{DefinitionId, Dialect, Execution, ExecutionId, TenantId, Timestamp};

/// What a list is ordered by; of two with the same the id decides. What has no such time comes as if it were the
/// earliest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecutionOrder {
    #[default]
    Started,
    Ended,
    Created,
}

/// Narrows and orders a list of executions of all dialects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionQuery {
    pub definition: Option<DefinitionId>,
    /// Executions of this dialect are left out.
    pub without: Option<Dialect>,
    /// Of the primary entity.
    pub entity_schema: Option<String>,
    pub entity_id: Option<String>,
    /// Core status names; empty means all.
    pub statuses: Vec<String>,
    pub order: ExecutionOrder,
    pub ascending: bool,
}

/// Which executions are gone through, by when they were created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitleQuery {
    /// At least one.
    pub dialects: Vec<Dialect>,
    /// At least one.
    pub statuses: Vec<CoreStatus>,
    pub ascending: bool,
}

/// What lists of another API go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionTitle {
    pub id: ExecutionId,
    pub created_at: Timestamp,
    pub title: String,
}

#[async_trait]
pub trait ExecutionListStore: Send + Sync {
    /// At most `limit` whole executions behind the first `offset`.
    async fn execution_page(
        &self,
        tenant: TenantId,
        query: &ExecutionQuery,
        offset: u64,
        limit: u32,
    ) -> StoreResult<Vec<Execution>>;
    /// How many there are.
    async fn execution_total(&self, tenant: TenantId, query: &ExecutionQuery) -> StoreResult<u64>;
    /// At most `limit` titles behind a place.
    async fn titles(
        &self,
        tenant: TenantId,
        query: &TitleQuery,
        after: Option<(Timestamp, ExecutionId)>,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionTitle>>;
    /// Adds up what the store keeps of changed numbers, so that later totals have less to add.
    async fn fold_counts(&self) -> StoreResult<u64>;
}
