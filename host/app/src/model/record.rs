use crate::face::CoreStatus;
use stepwright_engine::record::{RecordStatusName, WorkflowType};
use stepwright_engine::{CustomerId, DefinitionId, Execution, ExecutionId, InstanceId, RawJson, TenantId, Timestamp};

/// What lists find a record by. Written with every commit that opens a record or moves its status.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordListing {
    pub execution: ExecutionId,
    pub instance: InstanceId,
    pub workflow_type: WorkflowType,
    pub customer: CustomerId,
    pub reference: Option<String>,
    pub created_at: Timestamp,
    /// The status it had when it was last written; none for a new record.
    pub before: Option<RecordStatusName>,
    pub status: RecordStatusName,
    pub suspended_at: Option<Timestamp>,
}

/// Narrows a list of records; every member is met exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordFilter {
    pub instance: Option<InstanceId>,
    pub workflow_type: Option<WorkflowType>,
    pub status: Option<RecordStatusName>,
    pub customer: Option<CustomerId>,
    pub reference: Option<String>,
}

/// Executions of other APIs in a list of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherExecutions {
    /// Empty means all.
    pub statuses: Vec<CoreStatus>,
    /// Of the primary entity.
    pub entity_id: Option<String>,
    /// The definitions that stand for types of records: whatever runs them is a record.
    pub of_records: Vec<DefinitionId>,
}

/// A guard that is asked about transitions of the tenant's records of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardBinding {
    pub tenant_id: TenantId,
    pub workflow_type: WorkflowType,
    pub plugin: String,
    /// The guard's id within the plugin.
    pub guard: String,
    /// Handed to the guard as it is.
    pub config: RawJson,
    /// Whether transitions go through when the guard cannot answer.
    pub fail_open: bool,
    pub updated_at: Timestamp,
}

impl RecordListing {
    /// Of an execution that is a record of an instance.
    pub fn of(execution: &Execution, before: Option<RecordStatusName>) -> Option<Self> {
        let record = execution.record.as_deref()?;
        Some(Self {
            execution: execution.id,
            instance: execution.instance_id?,
            workflow_type: record.workflow_type,
            customer: record.customer_id,
            reference: record.reference.clone(),
            created_at: record.created_at,
            before,
            status: record.status.name(),
            suspended_at: record.suspension().map(|suspension| suspension.at),
        })
    }
}
