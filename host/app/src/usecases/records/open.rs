//! Opening records.

use super::RecordView;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Effects, RecordListing, UsageDelta};
use crate::ports::CommitError;
use crate::usecases::{Access, derived_id, derived_uuid};
use std::sync::Arc;
use stepwright_engine::record::{NewRecord, NewRecordExecution, RecordError, WorkflowType, open};
use stepwright_engine::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Execution, ExecutionId, Graph, InstanceId, OnFailure, RawJson,
    TenantId, Timestamp, Trigger,
};

/// How to open a record.
#[derive(Clone, Debug)]
pub struct OpenRecord {
    pub instance: InstanceId,
    pub record: NewRecord,
    /// Parts the record's id is derived from (an idempotency key and its scope); none takes a fresh id.
    pub derive_id: Option<Vec<String>>,
}

impl App {
    /// Opens a record. With a derived id that exists already, the existing one is given back.
    ///
    /// # Errors
    /// `Invalid`, `Quota`, `Unavailable`.
    pub async fn open_record(&self, access: &Access, name: &str, args: OpenRecord) -> AppResult<RecordView> {
        let tenant = access.tenant_id();
        let id = match &args.derive_id {
            Some(parts) => derived_id(&parts.iter().map(String::as_str).collect::<Vec<_>>()),
            None => ExecutionId::fresh(&**self.ids()),
        };
        self.check_open_quota(&access.view).await?;
        let now = self.now();
        if args.record.expires_at.is_some_and(|at| at <= now) {
            return Err(AppError::invalid("/expires_at", "must lie in the future"));
        }
        let definition = Arc::new(record_definition(tenant, args.record.workflow_type));
        let opened = open(args.record, name, now).map_err(|error| unfit(&error))?;
        let new =
            NewRecordExecution { id, tenant_id: tenant, instance_id: args.instance, definition_id: definition.id };
        let transition = Execution::of_record(new, opened, &access.actor());
        let effects =
            Effects { records: RecordListing::of(&transition.next, None).into_iter().collect(), ..Effects::default() };
        let history = Arc::new(transition.events.iter().cloned().map(Arc::new).collect());
        let wake = self.wake_of(&transition.next, None);
        let write = self.write(transition, 0, wake)?;
        let usage = UsageDelta { executions: 1, ..UsageDelta::default() };
        let extra = crate::driver::Extra { effects, usage, ..Default::default() };
        match self.commit_one(&access.view, &definition, write, extra).await {
            Ok(execution) => {
                metrics::counter!("stepwright_executions_started_total").increment(1);
                self.driver().count_open(tenant, 1);
                self.hint_of(wake);
                RecordView::of(execution, history)
            }
            // The same request once more: it meets what the first one has made.
            Err(CommitError::Stale(_)) if args.derive_id.is_some() => {
                self.record(access, Some(args.instance), id).await
            }
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(error) => Err(AppError::Internal(error.to_string())),
        }
    }
}

/// What a record cannot take, told by the member of the request it came in.
pub(crate) fn unfit(error: &RecordError) -> AppError {
    match error {
        RecordError::StateTooLarge { .. } => {
            AppError::Invalid(vec![FieldFault::new("/workflow_state", error.to_string())])
        }
        RecordError::Terminal(_)
        | RecordError::AlreadySuspended
        | RecordError::NotSuspended(_)
        | RecordError::UseResume
        | RecordError::NothingDue => AppError::Conflict(error.to_string()),
    }
}

/// The definition that stands for a type of records. Records have none of their own: it is not stored, not listed, and
/// always the same, so that whatever asks an execution for its definition finds one.
pub(crate) fn record_definition(tenant: TenantId, workflow_type: WorkflowType) -> Definition {
    let name = workflow_type.as_str();
    Definition {
        id: DefinitionId::from_uuid(derived_uuid(&["hydracore-type", &tenant.to_string(), name])),
        tenant_id: tenant,
        dialect: Dialect::Hydracore,
        version: 1,
        name: name.into(),
        description: None,
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        graph: Graph::default(),
        on_failure: OnFailure::Stop,
        presentation: RawJson::null(),
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
    }
}
