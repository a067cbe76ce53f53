//! What the host keeps besides definitions and executions, as plain data.

mod agent;
mod audit;
mod automation;
mod closing_reason;
mod commit;
mod data;
mod dataset_rules;
mod flow_listing;
pub mod hosts;
mod key;
mod list;
mod llm;
mod mail;
mod mcp;
mod plugin;
mod profile;
mod record;
mod settings;
mod tenant;
mod webhook;

pub use agent::{
    Agent, AgentBudget, AgentGrants, AgentMode, AgentRun, BudgetKey, Confirmation, ConfirmationKind, ConfirmationState,
    Decision, HeldBudget, JournalWrite, MemoryChange, OnUntrusted, RunStatus, Spend, StoredJournal, UntrustedPolicy,
};
pub use audit::EntityAudit;
pub use automation::{Automation, AutomationAction};
pub use closing_reason::{ClosingReason, ReasonStatus};
pub use commit::{
    Commit, DataWrite, Effects, Emitted, EntityDelete, EntitySeen, EntityWrite, Erasure, ExecutionWrite, FlowContexts,
    KvScope, KvWrite, Precondition, UsageDelta, Wake,
};
pub use data::{Comparison, DataRow, Dataset, Entity, FieldRule, FieldType, Filter, UnknownDataset};
pub(crate) use flow_listing::name_key;
pub use flow_listing::{
    FlowListing, FlowOrder, FlowPlace, FlowSearch, ListedFlow, ListedTask, ListedUsers, ListingChange, OrderBy,
    StartKey, TaskBucket, TaskSearch, name_pattern,
};
pub use key::{ApiKey, KeyKind, Principal, SecretHash, User};
pub use list::{Cursor, Listed, Paging};
pub use llm::{LlmSettings, ModelAlias, ProviderAccess, WireFormat};
pub use mail::{MailState, Message, Notification, OutboxMail};
pub use mcp::{ForeignTool, McpServer, PinnedTool};
pub use plugin::{
    AgentDescriptor, Capability, CapabilitySet, ComponentInfo, Enablement, Grants, InvocationLimits, LimitOverrides,
    Plugin, ReadWrite, SecretGrant, StepCategory, StepDescriptor,
};
pub use profile::{NodeProfile, Profile};
pub use record::{GuardBinding, OtherExecutions, RecordFilter, RecordListing};
pub use settings::{ApplicationSettings, JwtSettings, Quotas, Settings, Smtp, SmtpMode, WebhookPolicy};
pub use tenant::{Environment, Instance, Tenant};
pub use webhook::{Delivery, DeliveryState, EndpointSecret, WebhookEndpoint, WebhookEvent};
