use serde::{Deserialize, Serialize};
use stepwright_engine::{DeliveryId, Dialect, EndpointId, RawJson, TenantId, Timestamp, WebhookEventId};

/// A signing secret; after a rotation the old one stays valid for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointSecret {
    pub value: String,
    /// None: the current one.
    pub valid_until: Option<Timestamp>,
}

/// Where a tenant wants events sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    pub id: EndpointId,
    pub tenant_id: TenantId,
    pub dialect: Dialect,
    pub url: String,
    /// Event types; empty or `*` means all.
    pub events: Vec<String>,
    pub secrets: Vec<EndpointSecret>,
    pub enabled: bool,
    /// Why it was disabled by the host (such as a 410 answer).
    pub disabled_reason: Option<String>,
    pub created_at: Timestamp,
}

impl WebhookEndpoint {
    /// Whether it wants events of this type.
    pub fn wants(&self, dialect: Dialect, kind: &str) -> bool {
        self.enabled
            && self.dialect == dialect
            && (self.events.is_empty() || self.events.iter().any(|e| e == "*" || e == kind))
    }
}

/// An event as sent; the same id and body in every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookEvent {
    pub id: WebhookEventId,
    pub tenant_id: TenantId,
    pub dialect: Dialect,
    /// Such as `workflows.run.completed`.
    pub kind: String,
    /// The whole body as sent.
    pub body: RawJson,
    pub created_at: Timestamp,
}

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    Pending {
        next_at: Timestamp,
    },
    Delivered {
        at: Timestamp,
    },
    /// Given up.
    Failed {
        at: Timestamp,
    },
}

impl DeliveryState {
    /// The name on the platform API and in the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Delivered { .. } => "delivered",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One endpoint's delivery of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub tenant_id: TenantId,
    pub endpoint_id: EndpointId,
    pub event: WebhookEvent,
    pub state: DeliveryState,
    pub attempts: u32,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    /// The last transport error or the first 1 KiB of the last answer.
    pub last_response: Option<String>,
}
