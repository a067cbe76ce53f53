//! The store as the application sees it, one small trait per topic.
//!
//! Every method that takes a `TenantId` sees and touches that tenant only. Look-ups return `Option`; another
//! tenant's id is `None`. Methods named `claim_*` and those without a tenant are for the host itself.

use super::audit::AuditStore;
use super::flows::FlowStore;
use super::lists::ExecutionListStore;
use super::records::{GuardStore, RecordStore};
use super::requests::{IdempotencyStore, UsageStore};
use crate::model::{
    ApiKey, Automation, ClosingReason, Commit, ComponentInfo, DataRow, DataWrite, Dataset, Delivery, DeliveryState,
    Emitted, Enablement, Entity, Filter, Instance, KvScope, Listed, MailState, OutboxMail, Paging, Plugin, SecretHash,
    Settings, Tenant, WebhookEndpoint,
};
use async_trait::async_trait;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, DefinitionId, DeliveryId, Dialect, EndpointId, Execution, ExecutionId, HistoryEvent, KeyId, MailId,
    NodeInstanceId, RawJson, TenantId, Timestamp,
};

/// Why the store could not do it, by what the caller may do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Try again later: the database is gone, full or locked. Nothing was written.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A unique rule is broken; the text names the thing.
    #[error("{0} already exists")]
    Duplicate(&'static str),
    /// A row cannot be read as what it should be, or a bug.
    #[error("database inconsistent: {0}")]
    Inconsistent(String),
}

/// A store's result.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a commit did not go through. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommitError {
    /// The execution has moved on (or, for an insert, exists already): load it and decide again.
    #[error("execution {0} has changed")]
    Stale(ExecutionId),
    /// A staged entity or row has changed since it was read: run the step again.
    #[error("{0} has changed")]
    EffectConflict(String),
    /// A precondition does not hold; for `NoExecutionSince` with the newest run and when it was created.
    #[error("precondition {index} does not hold")]
    Precondition { index: usize, newest: Option<(ExecutionId, Timestamp)> },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one write path of executions.
#[async_trait]
pub trait CommitStore: Send + Sync {
    /// Writes all of it durably or nothing. Batched with other callers' commits while one is in flight.
    async fn commit(&self, commit: Commit) -> Result<(), CommitError>;
}

/// Narrows a list of executions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecutionFilter {
    pub dialect: Option<Dialect>,
    pub definition: Option<DefinitionId>,
    /// Core status names; empty means all.
    pub statuses: Vec<String>,
}

/// An execution in a list, without its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionSummary {
    pub id: ExecutionId,
    pub definition_id: DefinitionId,
    pub dialect: Dialect,
    pub kind: String,
    pub title: String,
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[async_trait]
pub trait ExecutionStore: Send + Sync {
    async fn execution(&self, tenant: TenantId, id: ExecutionId) -> StoreResult<Option<Execution>>;
    /// The execution, if `holder` holds its lease.
    async fn held_execution(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        holder: NodeInstanceId,
    ) -> StoreResult<Option<Execution>>;
    /// Whole executions, newest first.
    async fn executions(
        &self,
        tenant: TenantId,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> StoreResult<Listed<Execution>>;
    async fn execution_summaries(
        &self,
        tenant: TenantId,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> StoreResult<Listed<ExecutionSummary>>;
    /// Events with `seq` above `after`, oldest first.
    async fn history(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        after: u64,
        limit: u32,
    ) -> StoreResult<Listed<HistoryEvent>>;
    /// Takes over at most `limit` executions that are due and that nobody holds (or whose holder is late), at most
    /// `per_tenant` of one tenant, tenants in turn, none of `exclude`. A row that cannot be read is logged and left to
    /// its lease, not an error. Each gets `holder`, `until` and one more version, which fences
    /// out the holder it was taken from.
    async fn claim_due(
        &self,
        now: Timestamp,
        holder: NodeInstanceId,
        until: Timestamp,
        limit: u32,
        per_tenant: u32,
        exclude: &[TenantId],
    ) -> StoreResult<Vec<Execution>>;
    /// Extends leases still held; the ids given back are no longer held.
    async fn renew_leases(
        &self,
        holder: NodeInstanceId,
        ids: &[ExecutionId],
        until: Timestamp,
    ) -> StoreResult<Vec<ExecutionId>>;
    /// Gives leases back at once (shutdown): the executions are due at `now`.
    async fn release_leases(&self, holder: NodeInstanceId, now: Timestamp) -> StoreResult<u64>;
    /// Executions of the tenant that have not ended.
    async fn open_executions(&self, tenant: TenantId) -> StoreResult<u64>;
    /// Earliest instant somebody must look at an execution that nobody holds.
    async fn next_wake(&self) -> StoreResult<Option<Timestamp>>;
    /// Ids of the definition's executions that have not ended, newest first.
    async fn open_executions_of(
        &self,
        tenant: TenantId,
        definition: DefinitionId,
        limit: u32,
    ) -> StoreResult<Vec<ExecutionId>>;
    /// Whether an execution that has not ended is pinned to this component.
    async fn is_pinned(&self, tenant: TenantId, plugin: &str, digest: &str) -> StoreResult<bool>;
}

/// Narrows a list of definitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefinitionFilter {
    pub dialect: Option<Dialect>,
    /// Definition status names; empty means all.
    pub statuses: Vec<String>,
}

#[async_trait]
pub trait DefinitionStore: Send + Sync {
    /// Inserts version 1, and arms its schedule when `next_tick` is given.
    ///
    /// # Errors
    /// `Duplicate("definition")` when the id exists.
    async fn insert_definition(&self, definition: &Definition, next_tick: Option<Timestamp>) -> StoreResult<()>;
    /// Saves the next version when the current one is `definition.version - 1`; false when it is not.
    async fn update_definition(&self, definition: &Definition, next_tick: Option<Timestamp>) -> StoreResult<bool>;
    /// Hides the definition; its versions stay for running executions and history.
    async fn delete_definition(&self, tenant: TenantId, id: DefinitionId, at: Timestamp) -> StoreResult<bool>;
    /// The current version, unless deleted.
    async fn definition(&self, tenant: TenantId, id: DefinitionId) -> StoreResult<Option<Definition>>;
    /// A version, also of a deleted definition.
    async fn definition_version(
        &self,
        tenant: TenantId,
        id: DefinitionId,
        version: u32,
    ) -> StoreResult<Option<Definition>>;
    /// Current versions, newest first.
    async fn definitions(
        &self,
        tenant: TenantId,
        filter: &DefinitionFilter,
        page: Paging,
    ) -> StoreResult<Listed<Definition>>;
    /// Active definitions with this event trigger, or with one for every event of its kind (`deal.*`).
    async fn definitions_for_event(&self, tenant: TenantId, kind: &str) -> StoreResult<Vec<Definition>>;
    /// The event triggers of active definitions.
    async fn event_triggers(&self, tenant: TenantId) -> StoreResult<Vec<String>>;
    /// Whether a current definition names this plugin and asks for this very version (or for none).
    async fn names_plugin(&self, tenant: TenantId, plugin: &str, version: &str) -> StoreResult<bool>;
}

#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// # Errors
    /// `Duplicate("automation")` when the tenant has one with this `flow_id`.
    async fn insert_automation(&self, automation: &Automation) -> StoreResult<()>;
    /// Replaces it when the current version is `automation.version - 1`; false when it is not.
    async fn save_automation(&self, automation: &Automation) -> StoreResult<bool>;
    async fn automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<Option<Automation>>;
    /// Newest first.
    async fn automations(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Automation>>;
    async fn delete_automation(&self, tenant: TenantId, flow_id: &str) -> StoreResult<bool>;
    /// Whether an automation names this plugin and asks for this very version (or for none).
    async fn automation_names_plugin(&self, tenant: TenantId, plugin: &str, version: &str) -> StoreResult<bool>;
    /// Counts a run at this time and gives how many there were, this one included, since the first one of its hour; 0
    /// when there is no such automation. Counting a run again after a crash does no harm.
    async fn count_automation_run(&self, tenant: TenantId, flow_id: &str, at: Timestamp) -> StoreResult<u64>;
}

#[async_trait]
pub trait ClosingReasonStore: Send + Sync {
    /// # Errors
    /// `Duplicate("closing reason")` when the tenant has one with this id.
    async fn insert_closing_reason(&self, reason: &ClosingReason) -> StoreResult<()>;
    /// Replaces it when the current version is `reason.version - 1`; false when it is not.
    async fn save_closing_reason(&self, reason: &ClosingReason) -> StoreResult<bool>;
    async fn closing_reason(&self, tenant: TenantId, id: &str) -> StoreResult<Option<ClosingReason>>;
    /// All of them, newest first.
    async fn closing_reasons(&self, tenant: TenantId) -> StoreResult<Vec<ClosingReason>>;
    async fn delete_closing_reason(&self, tenant: TenantId, id: &str) -> StoreResult<bool>;
}

/// A schedule that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledDefinition {
    pub tenant_id: TenantId,
    pub definition: DefinitionId,
    pub tick: Timestamp,
}

#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// Schedules whose tick is at or before `now`, oldest first. Takes nothing: `Precondition::TickUnfired` does.
    async fn due_schedules(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<ScheduledDefinition>>;
    /// Moves the tick on without a run, if it still stands at `tick`.
    async fn move_tick(
        &self,
        tenant: TenantId,
        definition: DefinitionId,
        tick: Timestamp,
        next: Option<Timestamp>,
    ) -> StoreResult<bool>;
    /// The next tick of these definitions and the newest execution's creation, in the given order.
    async fn schedule_states(
        &self,
        tenant: TenantId,
        definitions: &[DefinitionId],
    ) -> StoreResult<Vec<(Option<Timestamp>, Option<Timestamp>)>>;
    /// The earliest tick of all tenants.
    async fn next_tick(&self) -> StoreResult<Option<Timestamp>>;
}

#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Inserts a live tenant and its sandbox.
    ///
    /// # Errors
    /// `Duplicate("slug")`.
    async fn insert_tenants(&self, live: &Tenant, test: &Tenant) -> StoreResult<()>;
    async fn tenant(&self, id: TenantId) -> StoreResult<Option<Tenant>>;
    /// Live tenants, newest first.
    async fn tenants(&self, page: Paging) -> StoreResult<Listed<Tenant>>;
    /// Deletes the tenant, its sandbox and everything they own.
    async fn delete_tenant(&self, id: TenantId) -> StoreResult<bool>;
    /// Replaces the settings and moves the change counter on.
    async fn save_settings(&self, tenant: TenantId, settings: &Settings) -> StoreResult<bool>;
    async fn insert_instance(&self, instance: &Instance) -> StoreResult<()>;
    async fn instances(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Instance>>;
    async fn instance(&self, tenant: TenantId, id: stepwright_engine::InstanceId) -> StoreResult<Option<Instance>>;
    /// A counter that moves on with every change of keys, plugins, settings, definitions (updates and deletions, and
    /// new ones with an event trigger) or
    /// webhook endpoints of any tenant;
    /// hosts poll it to drop their caches.
    async fn change_counter(&self) -> StoreResult<i64>;
    /// Whether the database answers and can be written.
    async fn ping(&self) -> StoreResult<()>;
}

#[async_trait]
pub trait KeyStore: Send + Sync {
    async fn insert_key(&self, key: &ApiKey, hash: SecretHash) -> StoreResult<()>;
    /// Any tenant's key, revoked and expired ones included.
    async fn key_by_hash(&self, hash: SecretHash) -> StoreResult<Option<ApiKey>>;
    /// Keys of the tenant and of its sandbox, newest first.
    async fn keys(&self, tenants: &[TenantId], page: Paging) -> StoreResult<Listed<ApiKey>>;
    async fn revoke_key(&self, tenants: &[TenantId], id: KeyId, at: Timestamp) -> StoreResult<bool>;
}

#[async_trait]
pub trait PluginStore: Send + Sync {
    /// Keeps a version and its bytes.
    ///
    /// # Errors
    /// `Duplicate("plugin version")` when name and version exist, whatever the bytes.
    async fn insert_plugin(&self, plugin: &Plugin, bytes: &[u8]) -> StoreResult<()>;
    async fn plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<Option<Plugin>>;
    async fn plugins(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Plugin>>;
    /// Deletes the version and its enablement; the bytes go when no tenant has them any more.
    async fn delete_plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<bool>;
    /// Switches a version on, replacing whichever was.
    async fn enable_plugin(&self, enablement: &Enablement) -> StoreResult<()>;
    /// Switches the plugin off if this version is on.
    async fn disable_plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<bool>;
    async fn enablements(&self, tenant: TenantId) -> StoreResult<Vec<Enablement>>;
    async fn component_bytes(&self, digest: &str) -> StoreResult<Option<Vec<u8>>>;
    /// Keeps bytes that no tenant has published: a built-in's, on which executions may outlive the binary.
    async fn keep_component(&self, digest: &str, bytes: &[u8]) -> StoreResult<()>;
    /// What the component with this digest provides, in this tenant.
    async fn component_info(&self, tenant: TenantId, digest: &str) -> StoreResult<Option<ComponentInfo>>;
}

/// What an import has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub inserted: u64,
    pub updated: u64,
}

/// What has become of a write of an entity that nobody else is told of.
#[derive(Clone, Debug, PartialEq)]
pub enum Put<T> {
    Done(T),
    /// It does not exist, or not at the expected version.
    Missing,
    /// Open flows are about it and have to be told with the same commit. Nothing was written.
    OfFlows,
}

#[async_trait]
pub trait DataStore: Send + Sync {
    async fn entity(&self, tenant: TenantId, schema: &str, id: &str) -> StoreResult<Option<Entity>>;
    /// Those of these that exist, in no order, each once.
    async fn entities_named(&self, tenant: TenantId, of: &[EntityRef]) -> StoreResult<Vec<Entity>>;
    /// In the order of ids, behind `after`.
    async fn entities(
        &self,
        tenant: TenantId,
        schema: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Listed<Entity>>;
    /// Writes an entity when its version is `expected` (0: new; `None`: whatever) and no open flow is about it.
    async fn put_entity(
        &self,
        tenant: TenantId,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
        at: Timestamp,
    ) -> StoreResult<Put<Entity>>;
    /// Deletes an entity when no open flow is about it.
    async fn delete_entity(&self, tenant: TenantId, schema: &str, id: &str) -> StoreResult<Put<()>>;
    async fn data_row(&self, tenant: TenantId, dataset: Dataset, id: &str) -> StoreResult<Option<DataRow>>;
    /// In the order of ids, behind `after`. The filters are met exactly.
    async fn data_rows(
        &self,
        tenant: TenantId,
        dataset: Dataset,
        filters: &[Filter],
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Listed<DataRow>>;
    /// Inserts or replaces rows, all or nothing; `expected` of the writes is ignored.
    async fn import_rows(&self, tenant: TenantId, rows: &[DataWrite], at: Timestamp) -> StoreResult<ImportCounts>;
    async fn kv(&self, tenant: TenantId, plugin: &str, scope: KvScope, key: &str) -> StoreResult<Option<RawJson>>;
}

#[async_trait]
pub trait OutboxStore: Send + Sync {
    async fn mails(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<OutboxMail>>;
    /// Takes queued messages that are due; nobody else gets them before `until`.
    async fn claim_mails(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<OutboxMail>>;
    /// Saves what became of a claimed message.
    async fn finish_mail(&self, tenant: TenantId, id: MailId, state: &MailState) -> StoreResult<()>;
    async fn mail(&self, tenant: TenantId, id: MailId) -> StoreResult<Option<OutboxMail>>;
}

#[async_trait]
pub trait WebhookStore: Send + Sync {
    async fn insert_endpoint(&self, endpoint: &WebhookEndpoint) -> StoreResult<()>;
    async fn endpoint(&self, tenant: TenantId, id: EndpointId) -> StoreResult<Option<WebhookEndpoint>>;
    async fn endpoints(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<WebhookEndpoint>>;
    async fn save_endpoint(&self, endpoint: &WebhookEndpoint) -> StoreResult<bool>;
    async fn delete_endpoint(&self, tenant: TenantId, id: EndpointId) -> StoreResult<bool>;
    async fn deliveries(&self, tenant: TenantId, endpoint: EndpointId, page: Paging) -> StoreResult<Listed<Delivery>>;
    /// Takes pending deliveries that are due, those of one execution's events in order; nobody else gets them
    /// before `until`.
    async fn claim_deliveries(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<Delivery>>;
    async fn finish_delivery(
        &self,
        tenant: TenantId,
        id: DeliveryId,
        state: &DeliveryState,
        attempts: u32,
        status: Option<u16>,
        response: Option<&str>,
    ) -> StoreResult<()>;
}

#[async_trait]
pub trait EventStore: Send + Sync {
    /// Emitted events not handled yet, oldest first, with their tenants.
    async fn unhandled_events(&self, limit: u32) -> StoreResult<Vec<(TenantId, Emitted)>>;
}

/// The whole store.
pub trait Store:
    CommitStore
    + ExecutionStore
    + ExecutionListStore
    + FlowStore
    + RecordStore
    + GuardStore
    + DefinitionStore
    + AutomationStore
    + super::agent_store::AgentStore
    + super::agent_store::AgentRunStore
    + super::mcp::McpServerStore
    + ClosingReasonStore
    + ScheduleStore
    + TenantStore
    + KeyStore
    + PluginStore
    + DataStore
    + AuditStore
    + OutboxStore
    + WebhookStore
    + EventStore
    + IdempotencyStore
    + UsageStore
{
}

impl<T> Store for T where
    T: CommitStore
        + ExecutionStore
        + ExecutionListStore
        + FlowStore
        + RecordStore
        + GuardStore
        + DefinitionStore
        + AutomationStore
        + super::agent_store::AgentStore
        + super::agent_store::AgentRunStore
        + super::mcp::McpServerStore
        + ClosingReasonStore
        + ScheduleStore
        + TenantStore
        + KeyStore
        + PluginStore
        + DataStore
        + AuditStore
        + OutboxStore
        + WebhookStore
        + EventStore
        + IdempotencyStore
        + UsageStore
{
}
