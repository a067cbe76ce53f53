use super::Settings;
use serde::{Deserialize, Serialize};
use stepwright_engine::{InstanceId, TenantId, Timestamp};

/// Live data or the paired sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Live,
    Test,
}

impl Environment {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// A tenant. Every live tenant has a paired sandbox, itself a tenant with `environment` test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    /// Unique, `[a-z0-9-]{1,63}`.
    pub slug: String,
    pub environment: Environment,
    /// The sandbox of a live tenant, the live tenant of a sandbox.
    pub paired: TenantId,
    pub settings: Settings,
    pub created_at: Timestamp,
}

/// A HydraCore agent instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    pub tenant_id: TenantId,
    pub name: String,
    pub created_at: Timestamp,
}
