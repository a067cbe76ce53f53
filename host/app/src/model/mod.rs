//! What the host keeps besides definitions and executions, as plain data.

mod audit;
mod automation;
mod closing_reason;
mod commit;
mod data;
mod dataset_rules;
mod key;
mod list;
mod mail;
mod plugin;
mod profile;
mod settings;
mod tenant;
mod webhook;

pub use audit::EntityAudit;
pub use automation::{Automation, AutomationAction};
pub use closing_reason::{ClosingReason, ReasonStatus};
pub use commit::{
    Commit, DataWrite, Effects, Emitted, EntityWrite, ExecutionWrite, FlowContexts, KvScope, KvWrite, Precondition,
    UsageDelta, Wake,
};
pub use data::{Comparison, DataRow, Dataset, Entity, FieldRule, FieldType, Filter, UnknownDataset};
pub use key::{ApiKey, KeyKind, Principal, SecretHash};
pub use list::{Cursor, Listed, Paging};
pub use mail::{MailState, Message, Notification, OutboxMail};
pub use plugin::{
    Capability, CapabilitySet, ComponentInfo, Enablement, Grants, InvocationLimits, LimitOverrides, Plugin, ReadWrite,
    SecretGrant, StepCategory, StepDescriptor,
};
pub use profile::{NodeProfile, Profile};
pub use settings::{ApplicationSettings, JwtSettings, Quotas, Settings, Smtp, SmtpMode, WebhookPolicy};
pub use tenant::{Environment, Instance, Tenant};
pub use webhook::{Delivery, DeliveryState, EndpointSecret, WebhookEndpoint, WebhookEvent};
