//! What was done to entities, as the application sees it in the store.

use super::store::StoreResult;
use crate::model::{EntityAudit, Listed};
use async_trait::async_trait;
use stepwright_engine::TenantId;

/// What has been done to entities.
#[async_trait]
pub trait AuditStore: Send + Sync {
    async fn entity_audit(&self, tenant: TenantId, id: uuid::Uuid) -> StoreResult<Option<EntityAudit>>;
    /// Of one entity, oldest first, behind the version `after`.
    async fn entity_audits(
        &self,
        tenant: TenantId,
        schema: &str,
        entity: &str,
        after: u64,
        limit: u32,
    ) -> StoreResult<Listed<EntityAudit>>;
}
