//! Flows as lists and searches find them.

use super::StoreResult;
use crate::model::{FlowPlace, FlowSearch, StartKey, TaskSearch};
use async_trait::async_trait;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Execution, ExecutionId, NodeId, TenantId};

/// Flows by the entities they are about.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// Flows about the entity that have not ended, in the order of ids, behind `after`.
    async fn open_flows_of(
        &self,
        tenant: TenantId,
        schema: &str,
        entity: &str,
        after: Option<ExecutionId>,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionId>>;
    /// Flows about the entity, ended ones included, newest first. Without a schema, entities of every schema with
    /// this id count.
    async fn flows_of(
        &self,
        tenant: TenantId,
        schema: Option<&str>,
        entity: &str,
        limit: u32,
    ) -> StoreResult<Vec<Execution>>;
    /// Which of these entities an open flow is about, in no order, each once.
    async fn entities_with_open_flows(&self, tenant: TenantId, of: &[EntityRef]) -> StoreResult<Vec<EntityRef>>;
    /// Flows about each of these entities that were not deleted: at most `most` of each, started ones before others and
    /// then newest first; those of one entity in that order.
    async fn flows_of_each(
        &self,
        tenant: TenantId,
        of: &[EntityRef],
        most: u32,
    ) -> StoreResult<Vec<(EntityRef, Execution)>>;
    /// Flows that were not deleted, newest first; with a schema, those about an entity of it.
    async fn newest_flows(&self, tenant: TenantId, schema: Option<&str>, limit: u32) -> StoreResult<Vec<Execution>>;
    /// Flows in the search's order, those behind a place, each with its own place.
    async fn search_flows(
        &self,
        tenant: TenantId,
        search: &FlowSearch,
        after: Option<&FlowPlace>,
        limit: u32,
    ) -> StoreResult<Vec<(FlowPlace, Execution)>>;
    /// Where the flow that was started then stands.
    async fn flow_place(&self, tenant: TenantId, started: StartKey) -> StoreResult<Option<FlowPlace>>;
    /// A page of tasks in the search's order, and how many there are on all pages, counted up to `most`.
    async fn search_flow_tasks(
        &self,
        tenant: TenantId,
        search: &TaskSearch,
        most: u32,
    ) -> StoreResult<(u32, Vec<(ExecutionId, NodeId)>)>;
    /// These executions, in no order; those that do not exist are left out.
    async fn executions_by_id(&self, tenant: TenantId, ids: &[ExecutionId]) -> StoreResult<Vec<Execution>>;
    /// Flows of which lists do not know everything: they were started before there were lists. With their tenants.
    async fn flows_to_list(&self, limit: u32) -> StoreResult<Vec<(TenantId, ExecutionId)>>;
    /// Lists know everything of the flow now, or it is gone.
    async fn flow_is_listed(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<()>;
}
