use serde::{Deserialize, Serialize};
use stepwright_engine::{TenantId, Timestamp};

/// Whether people may still choose a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonStatus {
    Active,
    Inactive,
}

/// A reason for closing a flow, as the tenant's catalogue has it (source: contracts/epilot.md 1B.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingReason {
    /// What clients and templates name it by, unique in the tenant.
    pub id: String,
    pub tenant_id: TenantId,
    pub title: String,
    pub status: ReasonStatus,
    /// From 1, one more per change.
    pub version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
