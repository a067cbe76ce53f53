//! Ports: what the application needs from the outside, as traits implemented by `store`, `sandbox` and `server`.

mod agent;
mod agent_store;
mod audit;
mod flows;
mod lists;
mod mcp;
mod models;
mod random;
mod records;
mod requests;
mod sandbox;
mod store;
mod webhooks;

pub use agent::{
    AgentHost, Answer, ChatId, ChatInput, ChatOptions, ChatOutput, Completion, CompletionRequest, Finish, Halt,
    LlmError, MemoryEntry, TokenUsage, ToolCall, ToolCatalog, ToolChoice, ToolEffect, ToolError, ToolInfo, ToolResult,
};
pub use agent_store::{AgentRunStore, AgentStore, JournalError};
pub use audit::AuditStore;
pub use flows::FlowStore;
pub use lists::{ExecutionListStore, ExecutionOrder, ExecutionQuery, ExecutionTitle, TitleQuery};
pub use mcp::{ForeignAnswer, McpAccess, McpClient, McpFault, McpServerStore};
pub use models::{ChatMessage, ModelAnswer, ModelFault, ModelProvider, ModelRequest};
pub use random::Random;
pub use records::{GuardStore, RecordStore};
pub use requests::{IdempotencyBegin, IdempotencyKey, IdempotencyStore, StoredResponse, UsageDay, UsageStore};
pub use sandbox::{
    AgentCall, AgentConclusion, AgentEnded, CallContext, ComponentRejected, ComponentSource, ConditionCall,
    ConditionQuestion, Evaluated, GuardCall, GuardDecision, GuardedTransition, LogLevel, LogLine, Sandbox,
    SandboxError, StepCall, StepResult, Verdict,
};
pub use store::{
    AutomationStore, ClosingReasonStore, CommitError, CommitStore, DataStore, DefinitionFilter, DefinitionStore,
    EventStore, ExecutionFilter, ExecutionStore, ExecutionSummary, ImportCounts, KeyStore, OutboxStore, PluginStore,
    Put, ScheduleStore, ScheduledDefinition, Store, StoreError, StoreResult, TenantStore, WebhookStore,
};
pub use webhooks::WebhookProjection;
