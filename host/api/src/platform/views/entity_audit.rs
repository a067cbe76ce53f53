use crate::kit::time::millis;
use serde::Serialize;
use stepwright_app::EntityAudit;
use stepwright_engine::Timestamp;
use utoipa::ToSchema;

/// What somebody has done to an entity.
#[derive(Serialize, ToSchema)]
#[schema(as = EntityAudit)]
pub struct EntityAuditView {
    id: String,
    /// The entity's version from then on.
    version: u64,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: String,
    /// Such as `stage_changed`.
    action: String,
    from: Option<String>,
    to: String,
    reason: Option<String>,
    /// What it has started.
    execution_ids: Vec<String>,
}

impl From<EntityAudit> for EntityAuditView {
    fn from(audit: EntityAudit) -> Self {
        Self {
            id: audit.id.to_string(),
            version: audit.version,
            at: audit.at,
            actor: audit.actor.label(),
            action: audit.action,
            from: audit.from,
            to: audit.to,
            reason: audit.reason,
            execution_ids: audit.executions.iter().map(ToString::to_string).collect(),
        }
    }
}
