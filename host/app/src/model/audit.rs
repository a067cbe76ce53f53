use serde::{Deserialize, Serialize};
use stepwright_engine::{Actor, ExecutionId, Timestamp};
use uuid::Uuid;

/// What somebody has done to an entity by a call that means more than its new attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityAudit {
    /// Fresh, or derived from an idempotency key.
    pub id: Uuid,
    pub schema: String,
    pub entity: String,
    /// The entity's version from then on.
    pub version: u64,
    pub at: Timestamp,
    pub actor: Actor,
    /// Such as `stage_changed`.
    pub action: String,
    pub from: Option<String>,
    pub to: String,
    pub reason: Option<String>,
    /// What it has started.
    pub executions: Vec<ExecutionId>,
}
