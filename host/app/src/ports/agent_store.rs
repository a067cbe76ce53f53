//! What the store keeps of agents.

use super::store::{StoreError, StoreResult};
use crate::model::{
    Agent, AgentRun, BudgetKey, Confirmation, ConfirmationState, JournalWrite, Listed, Paging, StoredJournal,
};
use crate::ports::MemoryEntry;
use async_trait::async_trait;
use stepwright_engine::agent::{Amounts, Dimension};
use stepwright_engine::{AgentId, ConfirmationId, ExecutionId, TenantId, Timestamp};

/// Why rows of a journal were not written. Nothing of them was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JournalError {
    /// Somebody else works on the run.
    #[error("the run has moved on")]
    Stale,
    /// A budget does not have that much left.
    #[error("the budget of {dimension:?} is used up")]
    Exhausted { level: &'static str, dimension: Dimension },
    /// What the agent keeps has another version, which is given.
    #[error("the memory is at version {0}")]
    Memory(u64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
pub trait AgentStore: Send + Sync {
    /// # Errors
    /// `Duplicate("agent")` when the name is taken.
    async fn insert_agent(&self, agent: &Agent) -> StoreResult<()>;
    /// Saves the next version; `false` when the stored one is not the version before.
    async fn save_agent(&self, agent: &Agent) -> StoreResult<bool>;
    async fn agent(&self, tenant: TenantId, name: &str) -> StoreResult<Option<Agent>>;
    /// Newest first.
    async fn agents(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Agent>>;
    async fn delete_agent(&self, tenant: TenantId, name: &str) -> StoreResult<bool>;
    /// Whether one of the tenant's agents is provided by the plugin.
    async fn agent_names_plugin(&self, tenant: TenantId, plugin: &str) -> StoreResult<bool>;
    /// What an agent keeps under a key.
    async fn memory(&self, tenant: TenantId, agent: AgentId, key: &str) -> StoreResult<Option<MemoryEntry>>;
    /// Entries whose keys begin so, in the order of keys, behind `after`.
    async fn memories(
        &self,
        tenant: TenantId,
        agent: AgentId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Vec<MemoryEntry>>;
}

#[async_trait]
pub trait AgentRunStore: Send + Sync {
    /// # Errors
    /// `Duplicate("run")`.
    async fn insert_run(&self, run: &AgentRun) -> StoreResult<()>;
    async fn run(&self, tenant: TenantId, id: &str) -> StoreResult<Option<AgentRun>>;
    /// Newest first; of one flow, when it is named.
    async fn runs(&self, tenant: TenantId, flow: Option<ExecutionId>, page: Paging) -> StoreResult<Listed<AgentRun>>;
    /// The host that works on a run is alive.
    async fn beat_run(&self, tenant: TenantId, run: &str, at: Timestamp) -> StoreResult<()>;
    /// All rows of a run, and the texts they name.
    async fn journal(&self, tenant: TenantId, run: &str) -> StoreResult<Option<StoredJournal>>;
    /// Appends to a journal.
    async fn write_journal(&self, write: &JournalWrite) -> Result<(), JournalError>;
    /// What was spent, in the order of the keys.
    async fn spent(&self, tenant: TenantId, keys: &[BudgetKey]) -> StoreResult<Vec<Amounts>>;
    async fn confirmation(&self, tenant: TenantId, id: ConfirmationId) -> StoreResult<Option<Confirmation>>;
    /// Newest first; only those of a run, or only those that are pending.
    async fn confirmations(
        &self,
        tenant: TenantId,
        run: Option<&str>,
        pending: bool,
        page: Paging,
    ) -> StoreResult<Listed<Confirmation>>;
    /// Decides a pending question, and wakes its run; `false` when it is not pending any more.
    async fn decide(
        &self,
        tenant: TenantId,
        id: ConfirmationId,
        state: &ConfirmationState,
        wake_at: Timestamp,
    ) -> StoreResult<bool>;
    /// Runs that somebody must look at by now, and since when.
    async fn due_runs(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<(TenantId, String, Timestamp)>>;
    /// Moves on when a run is to be looked at, unless that has changed since it was `seen`.
    async fn postpone_run(
        &self,
        tenant: TenantId,
        run: &str,
        seen: Timestamp,
        wake_at: Option<Timestamp>,
    ) -> StoreResult<()>;
}
