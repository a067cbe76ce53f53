//! One newtype per identifier; a bare `Uuid` never crosses a function boundary.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Source of fresh identifiers, a parameter so that tests can make them predictable.
pub trait IdSource: Send + Sync {
    /// A fresh UUID. Production uses version 7, which sorts by time of creation.
    fn fresh(&self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a fresh id from `source`.
            pub fn fresh(source: &dyn IdSource) -> Self {
                Self(source.fresh())
            }
            /// Wraps an id that was read from storage or from a request.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
            /// The id as stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A tenant, live or its paired sandbox.
    TenantId,
    /// An agent instance of a tenant (HydraCore).
    InstanceId,
    /// An API key.
    KeyId,
    /// A workflow definition, the same over all its versions.
    DefinitionId,
    /// One execution of a definition (a run, a flow, a record).
    ExecutionId,
    /// A message in the mail outbox.
    MailId,
    /// A notification to users of a tenant.
    NotificationId,
    /// A webhook endpoint.
    EndpointId,
    /// A webhook event; stays the same over all delivery attempts.
    WebhookEventId,
    /// One endpoint's delivery of one webhook event.
    DeliveryId,
    /// An event emitted inside a tenant, which may start definitions.
    EmittedEventId,
    /// A host process holding leases.
    NodeInstanceId,
    /// An automation (ordered step types).
    AutomationId,
    /// Whom a record is about; the caller's own id, known to nobody else.
    CustomerId,
    /// Who approves a record; the caller's own id.
    ApproverId,
    /// A tenant's agent.
    AgentId,
    /// A run of an agent, for lists; tasks name it by a text.
    AgentRunId,
    /// A question to a person.
    ConfirmationId,
    /// A server of the Model Context Protocol that a tenant has registered.
    McpServerId,
}
