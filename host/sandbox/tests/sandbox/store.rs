//! A store in memory: entities, rows and key-value memory for the host calls of guests, and nothing else.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stepwright_app::ports::*;
use stepwright_app::*;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::*;

/// What guests read. Writes are staged by the session and never get here.
#[derive(Default)]
pub struct MemoryStore {
    pub entities: Mutex<BTreeMap<(String, String), Entity>>,
    pub rows: Mutex<BTreeMap<(Dataset, String), DataRow>>,
}

fn held<T>(rows: &Mutex<T>) -> MutexGuard<'_, T> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn none<T>() -> StoreResult<T> {
    Err(StoreError::Unavailable("not part of these tests".into()))
}

#[async_trait]
impl CommitStore for MemoryStore {
    async fn commit(&self, _: Commit) -> Result<(), CommitError> {
        Ok(none::<()>()?)
    }
}

#[async_trait]
impl ExecutionStore for MemoryStore {
    async fn execution(&self, _: TenantId, _: ExecutionId) -> StoreResult<Option<Execution>> {
        none()
    }
    async fn held_execution(&self, _: TenantId, _: ExecutionId, _: NodeInstanceId) -> StoreResult<Option<Execution>> {
        none()
    }
    async fn executions(&self, _: TenantId, _: &ExecutionFilter, _: Paging) -> StoreResult<Listed<Execution>> {
        none()
    }
    async fn execution_summaries(
        &self,
        _: TenantId,
        _: &ExecutionFilter,
        _: Paging,
    ) -> StoreResult<Listed<ExecutionSummary>> {
        none()
    }
    async fn history(&self, _: TenantId, _: ExecutionId, _: u64, _: u32) -> StoreResult<Listed<HistoryEvent>> {
        none()
    }
    async fn claim_due(
        &self,
        _: Timestamp,
        _: NodeInstanceId,
        _: Timestamp,
        _: u32,
        _: u32,
        _: &[TenantId],
    ) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn renew_leases(&self, _: NodeInstanceId, _: &[ExecutionId], _: Timestamp) -> StoreResult<Vec<ExecutionId>> {
        none()
    }
    async fn release_leases(&self, _: NodeInstanceId, _: Timestamp) -> StoreResult<u64> {
        none()
    }
    async fn open_executions(&self, _: TenantId) -> StoreResult<u64> {
        none()
    }
    async fn next_wake(&self) -> StoreResult<Option<Timestamp>> {
        none()
    }
    async fn open_executions_of(&self, _: TenantId, _: DefinitionId, _: u32) -> StoreResult<Vec<ExecutionId>> {
        none()
    }
    async fn is_pinned(&self, _: TenantId, _: &str, _: &str) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl FlowStore for MemoryStore {
    async fn open_flows_of(
        &self,
        _: TenantId,
        _: &str,
        _: &str,
        _: Option<ExecutionId>,
        _: u32,
    ) -> StoreResult<Vec<ExecutionId>> {
        none()
    }
    async fn flows_of(&self, _: TenantId, _: Option<&str>, _: &str, _: u32) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn newest_flows(&self, _: TenantId, _: Option<&str>, _: u32) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn search_flows(
        &self,
        _: TenantId,
        _: &FlowSearch,
        _: Option<&FlowPlace>,
        _: u32,
    ) -> StoreResult<Vec<(FlowPlace, Execution)>> {
        none()
    }
    async fn flow_place(&self, _: TenantId, _: StartKey) -> StoreResult<Option<FlowPlace>> {
        none()
    }
    async fn search_flow_tasks(
        &self,
        _: TenantId,
        _: &TaskSearch,
        _: u32,
    ) -> StoreResult<(u32, Vec<(ExecutionId, NodeId)>)> {
        none()
    }
    async fn executions_by_id(&self, _: TenantId, _: &[ExecutionId]) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn entities_with_open_flows(&self, _: TenantId, _: &[EntityRef]) -> StoreResult<Vec<EntityRef>> {
        none()
    }
    async fn flows_of_each(&self, _: TenantId, _: &[EntityRef], _: u32) -> StoreResult<Vec<(EntityRef, Execution)>> {
        none()
    }
    async fn flows_to_list(&self, _: u32) -> StoreResult<Vec<(TenantId, ExecutionId)>> {
        none()
    }
    async fn flow_is_listed(&self, _: TenantId, _: ExecutionId) -> StoreResult<()> {
        none()
    }
}

#[async_trait]
impl ExecutionListStore for MemoryStore {
    async fn execution_page(&self, _: TenantId, _: &ExecutionQuery, _: u64, _: u32) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn execution_total(&self, _: TenantId, _: &ExecutionQuery) -> StoreResult<u64> {
        none()
    }
    async fn titles(
        &self,
        _: TenantId,
        _: &TitleQuery,
        _: Option<(Timestamp, ExecutionId)>,
        _: u32,
    ) -> StoreResult<Vec<ExecutionTitle>> {
        none()
    }
    async fn fold_counts(&self) -> StoreResult<u64> {
        none()
    }
}

#[async_trait]
impl RecordStore for MemoryStore {
    async fn records(
        &self,
        _: TenantId,
        _: &RecordFilter,
        _: Option<&OtherExecutions>,
        _: u32,
        _: u64,
    ) -> StoreResult<(Vec<Execution>, u64)> {
        none()
    }
    async fn suspended_records(&self, _: TenantId, _: u32) -> StoreResult<Vec<Execution>> {
        none()
    }
    async fn histories(&self, _: TenantId, _: &[ExecutionId]) -> StoreResult<BTreeMap<ExecutionId, Vec<HistoryEvent>>> {
        none()
    }
}

#[async_trait]
impl GuardStore for MemoryStore {
    async fn guards(&self, _: TenantId) -> StoreResult<Vec<GuardBinding>> {
        none()
    }
    async fn put_guard(&self, _: &GuardBinding) -> StoreResult<bool> {
        none()
    }
    async fn delete_guard(&self, _: TenantId, _: record::WorkflowType) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn entity_audit(&self, _: TenantId, _: uuid::Uuid) -> StoreResult<Option<EntityAudit>> {
        none()
    }
    async fn entity_audits(&self, _: TenantId, _: &str, _: &str, _: u64, _: u32) -> StoreResult<Listed<EntityAudit>> {
        none()
    }
}

#[async_trait]
impl DefinitionStore for MemoryStore {
    async fn insert_definition(&self, _: &Definition, _: Option<Timestamp>) -> StoreResult<()> {
        none()
    }
    async fn update_definition(&self, _: &Definition, _: Option<Timestamp>) -> StoreResult<bool> {
        none()
    }
    async fn delete_definition(&self, _: TenantId, _: DefinitionId, _: Timestamp) -> StoreResult<bool> {
        none()
    }
    async fn definition(&self, _: TenantId, _: DefinitionId) -> StoreResult<Option<Definition>> {
        none()
    }
    async fn definition_version(&self, _: TenantId, _: DefinitionId, _: u32) -> StoreResult<Option<Definition>> {
        none()
    }
    async fn definitions(&self, _: TenantId, _: &DefinitionFilter, _: Paging) -> StoreResult<Listed<Definition>> {
        none()
    }
    async fn event_triggers(&self, _: TenantId) -> StoreResult<Vec<String>> {
        none()
    }
    async fn definitions_for_event(&self, _: TenantId, _: &str) -> StoreResult<Vec<Definition>> {
        none()
    }
    async fn names_plugin(&self, _: TenantId, _: &str, _: &str) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn due_schedules(&self, _: Timestamp, _: u32) -> StoreResult<Vec<ScheduledDefinition>> {
        none()
    }
    async fn move_tick(&self, _: TenantId, _: DefinitionId, _: Timestamp, _: Option<Timestamp>) -> StoreResult<bool> {
        none()
    }
    async fn schedule_states(
        &self,
        _: TenantId,
        _: &[DefinitionId],
    ) -> StoreResult<Vec<(Option<Timestamp>, Option<Timestamp>)>> {
        none()
    }
    async fn next_tick(&self) -> StoreResult<Option<Timestamp>> {
        none()
    }
}

#[async_trait]
impl TenantStore for MemoryStore {
    async fn insert_tenants(&self, _: &Tenant, _: &Tenant) -> StoreResult<()> {
        none()
    }
    async fn tenant(&self, _: TenantId) -> StoreResult<Option<Tenant>> {
        none()
    }
    async fn tenants(&self, _: Paging) -> StoreResult<Listed<Tenant>> {
        none()
    }
    async fn delete_tenant(&self, _: TenantId) -> StoreResult<bool> {
        none()
    }
    async fn save_settings(&self, _: TenantId, _: &Settings) -> StoreResult<bool> {
        none()
    }
    async fn insert_instance(&self, _: &Instance) -> StoreResult<()> {
        none()
    }
    async fn instances(&self, _: TenantId, _: Paging) -> StoreResult<Listed<Instance>> {
        none()
    }
    async fn instance(&self, _: TenantId, _: stepwright_engine::InstanceId) -> StoreResult<Option<Instance>> {
        none()
    }
    async fn change_counter(&self) -> StoreResult<i64> {
        none()
    }
    async fn ping(&self) -> StoreResult<()> {
        none()
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn insert_key(&self, _: &ApiKey, _: SecretHash) -> StoreResult<()> {
        none()
    }
    async fn key_by_hash(&self, _: SecretHash) -> StoreResult<Option<ApiKey>> {
        none()
    }
    async fn keys(&self, _: &[TenantId], _: Paging) -> StoreResult<Listed<ApiKey>> {
        none()
    }
    async fn revoke_key(&self, _: &[TenantId], _: KeyId, _: Timestamp) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl PluginStore for MemoryStore {
    async fn insert_plugin(&self, _: &Plugin, _: &[u8]) -> StoreResult<()> {
        none()
    }
    async fn plugin(&self, _: TenantId, _: &str, _: &str) -> StoreResult<Option<Plugin>> {
        none()
    }
    async fn plugins(&self, _: TenantId, _: Paging) -> StoreResult<Listed<Plugin>> {
        none()
    }
    async fn delete_plugin(&self, _: TenantId, _: &str, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn enable_plugin(&self, _: &Enablement) -> StoreResult<()> {
        none()
    }
    async fn disable_plugin(&self, _: TenantId, _: &str, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn enablements(&self, _: TenantId) -> StoreResult<Vec<Enablement>> {
        none()
    }
    async fn component_bytes(&self, _: &str) -> StoreResult<Option<Vec<u8>>> {
        none()
    }
    async fn keep_component(&self, _: &str, _: &[u8]) -> StoreResult<()> {
        none()
    }
    async fn component_info(&self, _: TenantId, _: &str) -> StoreResult<Option<ComponentInfo>> {
        none()
    }
}

#[async_trait]
impl DataStore for MemoryStore {
    async fn entity(&self, _: TenantId, schema: &str, id: &str) -> StoreResult<Option<Entity>> {
        Ok(held(&self.entities).get(&(schema.to_owned(), id.to_owned())).cloned())
    }
    async fn entities_named(&self, _: TenantId, _: &[EntityRef]) -> StoreResult<Vec<Entity>> {
        none()
    }
    async fn entities(&self, _: TenantId, _: &str, _: Option<&str>, _: u32) -> StoreResult<Listed<Entity>> {
        none()
    }
    async fn put_entity(
        &self,
        _: TenantId,
        _: &str,
        _: &str,
        _: &RawJson,
        _: Option<u64>,
        _: Timestamp,
    ) -> StoreResult<Put<Entity>> {
        none()
    }
    async fn delete_entity(&self, _: TenantId, _: &str, _: &str) -> StoreResult<Put<()>> {
        none()
    }
    async fn data_row(&self, _: TenantId, dataset: Dataset, id: &str) -> StoreResult<Option<DataRow>> {
        Ok(held(&self.rows).get(&(dataset, id.to_owned())).cloned())
    }
    async fn data_rows(
        &self,
        _: TenantId,
        dataset: Dataset,
        filters: &[Filter],
        after: Option<&str>,
        _: u32,
    ) -> StoreResult<Listed<DataRow>> {
        let rows = held(&self.rows);
        let of = rows.iter().filter(|((d, id), _)| *d == dataset && after.is_none_or(|after| id.as_str() > after));
        let met = of.map(|(_, row)| row).filter(|row| filters.iter().all(|f| f.matches(&row.value.to_value())));
        Ok(Listed { items: met.cloned().collect(), has_more: false })
    }
    async fn import_rows(&self, _: TenantId, _: &[DataWrite], _: Timestamp) -> StoreResult<ImportCounts> {
        none()
    }
    async fn kv(&self, _: TenantId, _: &str, _: KvScope, _: &str) -> StoreResult<Option<RawJson>> {
        Ok(None)
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn mails(&self, _: TenantId, _: Paging) -> StoreResult<Listed<OutboxMail>> {
        none()
    }
    async fn claim_mails(&self, _: Timestamp, _: Timestamp, _: u32) -> StoreResult<Vec<OutboxMail>> {
        none()
    }
    async fn finish_mail(&self, _: TenantId, _: MailId, _: &MailState) -> StoreResult<()> {
        none()
    }
    async fn mail(&self, _: TenantId, _: MailId) -> StoreResult<Option<OutboxMail>> {
        none()
    }
}

#[async_trait]
impl WebhookStore for MemoryStore {
    async fn insert_endpoint(&self, _: &WebhookEndpoint) -> StoreResult<()> {
        none()
    }
    async fn endpoint(&self, _: TenantId, _: EndpointId) -> StoreResult<Option<WebhookEndpoint>> {
        none()
    }
    async fn endpoints(&self, _: TenantId, _: Paging) -> StoreResult<Listed<WebhookEndpoint>> {
        none()
    }
    async fn save_endpoint(&self, _: &WebhookEndpoint) -> StoreResult<bool> {
        none()
    }
    async fn delete_endpoint(&self, _: TenantId, _: EndpointId) -> StoreResult<bool> {
        none()
    }
    async fn deliveries(&self, _: TenantId, _: EndpointId, _: Paging) -> StoreResult<Listed<Delivery>> {
        none()
    }
    async fn claim_deliveries(&self, _: Timestamp, _: Timestamp, _: u32) -> StoreResult<Vec<Delivery>> {
        none()
    }
    async fn finish_delivery(
        &self,
        _: TenantId,
        _: DeliveryId,
        _: &DeliveryState,
        _: u32,
        _: Option<u16>,
        _: Option<&str>,
    ) -> StoreResult<()> {
        none()
    }
}

#[async_trait]
impl AutomationStore for MemoryStore {
    async fn insert_automation(&self, _: &Automation) -> StoreResult<()> {
        none()
    }
    async fn save_automation(&self, _: &Automation) -> StoreResult<bool> {
        none()
    }
    async fn automation(&self, _: TenantId, _: &str) -> StoreResult<Option<Automation>> {
        none()
    }
    async fn automations(&self, _: TenantId, _: Paging) -> StoreResult<Listed<Automation>> {
        none()
    }
    async fn delete_automation(&self, _: TenantId, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn automation_names_plugin(&self, _: TenantId, _: &str, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn count_automation_run(&self, _: TenantId, _: &str, _: Timestamp) -> StoreResult<u64> {
        none()
    }
}

#[async_trait]
impl AgentStore for MemoryStore {
    async fn insert_agent(&self, _: &Agent) -> StoreResult<()> {
        none()
    }
    async fn save_agent(&self, _: &Agent) -> StoreResult<bool> {
        none()
    }
    async fn agent(&self, _: TenantId, _: &str) -> StoreResult<Option<Agent>> {
        none()
    }
    async fn agents(&self, _: TenantId, _: Paging) -> StoreResult<Listed<Agent>> {
        none()
    }
    async fn delete_agent(&self, _: TenantId, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn agent_names_plugin(&self, _: TenantId, _: &str) -> StoreResult<bool> {
        none()
    }
    async fn memory(&self, _: TenantId, _: AgentId, _: &str) -> StoreResult<Option<MemoryEntry>> {
        none()
    }
    async fn memories(
        &self,
        _: TenantId,
        _: AgentId,
        _: &str,
        _: Option<&str>,
        _: u32,
    ) -> StoreResult<Vec<MemoryEntry>> {
        none()
    }
}

#[async_trait]
impl McpServerStore for MemoryStore {
    async fn insert_mcp_server(&self, _: &McpServer) -> StoreResult<()> {
        none()
    }
    async fn save_mcp_server(&self, _: &McpServer) -> StoreResult<bool> {
        none()
    }
    async fn mcp_server(&self, _: TenantId, _: &str) -> StoreResult<Option<McpServer>> {
        none()
    }
    async fn mcp_servers(&self, _: TenantId, _: Paging) -> StoreResult<Listed<McpServer>> {
        none()
    }
    async fn delete_mcp_server(&self, _: TenantId, _: &str) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl AgentRunStore for MemoryStore {
    async fn insert_run(&self, _: &AgentRun) -> StoreResult<()> {
        none()
    }
    async fn run(&self, _: TenantId, _: &str) -> StoreResult<Option<AgentRun>> {
        none()
    }
    async fn runs(&self, _: TenantId, _: Option<ExecutionId>, _: Paging) -> StoreResult<Listed<AgentRun>> {
        none()
    }
    async fn beat_run(&self, _: TenantId, _: &str, _: Timestamp) -> StoreResult<()> {
        none()
    }
    async fn journal(&self, _: TenantId, _: &str) -> StoreResult<Option<StoredJournal>> {
        none()
    }
    async fn write_journal(&self, _: &JournalWrite) -> Result<(), JournalError> {
        Ok(none::<()>()?)
    }
    async fn spent(&self, _: TenantId, _: &[BudgetKey]) -> StoreResult<Vec<agent::Amounts>> {
        none()
    }
    async fn confirmation(&self, _: TenantId, _: ConfirmationId) -> StoreResult<Option<Confirmation>> {
        none()
    }
    async fn confirmations(
        &self,
        _: TenantId,
        _: Option<&str>,
        _: bool,
        _: Paging,
    ) -> StoreResult<Listed<Confirmation>> {
        none()
    }
    async fn decide(&self, _: TenantId, _: ConfirmationId, _: &ConfirmationState, _: Timestamp) -> StoreResult<bool> {
        none()
    }
    async fn due_runs(&self, _: Timestamp, _: u32) -> StoreResult<Vec<(TenantId, String, Timestamp)>> {
        none()
    }
    async fn postpone_run(&self, _: TenantId, _: &str, _: Timestamp, _: Option<Timestamp>) -> StoreResult<()> {
        none()
    }
}

#[async_trait]
impl ClosingReasonStore for MemoryStore {
    async fn insert_closing_reason(&self, _: &ClosingReason) -> StoreResult<()> {
        none()
    }
    async fn save_closing_reason(&self, _: &ClosingReason) -> StoreResult<bool> {
        none()
    }
    async fn closing_reason(&self, _: TenantId, _: &str) -> StoreResult<Option<ClosingReason>> {
        none()
    }
    async fn closing_reasons(&self, _: TenantId) -> StoreResult<Vec<ClosingReason>> {
        none()
    }
    async fn delete_closing_reason(&self, _: TenantId, _: &str) -> StoreResult<bool> {
        none()
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn unhandled_events(&self, _: u32) -> StoreResult<Vec<(TenantId, Emitted)>> {
        none()
    }
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn begin(
        &self,
        _: &IdempotencyKey,
        _: [u8; 32],
        _: Timestamp,
        _: Timestamp,
    ) -> StoreResult<IdempotencyBegin> {
        none()
    }
    async fn finish(&self, _: &IdempotencyKey, _: &StoredResponse, _: Timestamp) -> StoreResult<()> {
        none()
    }
    async fn abandon(&self, _: &IdempotencyKey) -> StoreResult<()> {
        none()
    }
    async fn sweep(&self, _: Timestamp, _: u32) -> StoreResult<u64> {
        none()
    }
}

#[async_trait]
impl UsageStore for MemoryStore {
    async fn usage(&self, _: TenantId, _: &str, _: &str) -> StoreResult<Vec<UsageDay>> {
        none()
    }
}
