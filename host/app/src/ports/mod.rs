//! Ports: what the application needs from the outside, as traits implemented by `store`, `sandbox` and `server`.

mod lists;
mod random;
mod requests;
mod sandbox;
mod store;
mod webhooks;

pub use lists::{ExecutionListStore, ExecutionOrder, ExecutionQuery};
pub use random::Random;
pub use requests::{IdempotencyBegin, IdempotencyKey, IdempotencyStore, StoredResponse, UsageDay, UsageStore};
pub use sandbox::{
    CallContext, ComponentRejected, ComponentSource, ConditionCall, ConditionOperand, ConditionQuestion, Evaluated,
    GuardCall, GuardDecision, GuardedTransition, LogLevel, LogLine, Sandbox, SandboxError, StepCall, StepResult,
    Verdict,
};
pub use store::{
    AuditStore, AutomationStore, ClosingReasonStore, CommitError, CommitStore, DataStore, DefinitionFilter,
    DefinitionStore, EventStore, ExecutionFilter, ExecutionStore, ExecutionSummary, FlowStore, ImportCounts, KeyStore,
    OutboxStore, PluginStore, ScheduleStore, ScheduledDefinition, Store, StoreError, StoreResult, TenantStore,
    WebhookStore,
};
pub use webhooks::WebhookProjection;
