//! V1 executions and steps as they go over the wire (source: seed 002, contracts/epilot.md 1B.2). What is unset is left
//! out.

use serde::Serialize;
use serde_json::Value;
use stepwright_engine::flow::ClosingReason;
use utoipa::ToSchema;

/// The reasons an execution may be closed for.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReasonResp)]
pub(in crate::epilot) struct ReasonSnapshots {
    pub reasons: Vec<ReasonSnapshot>,
}

/// A reason with the title it had when the execution was started.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReasonSnapshot)]
pub(in crate::epilot) struct ReasonSnapshot {
    pub id: String,
    pub title: String,
}

impl ReasonSnapshots {
    pub(in crate::epilot) fn of(reasons: Vec<ClosingReason>) -> Self {
        let reasons = reasons.into_iter().map(|reason| ReasonSnapshot { id: reason.id, title: reason.title });
        Self { reasons: reasons.collect() }
    }
}

/// A page of executions.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchExecutionsResp)]
#[serde(rename_all = "camelCase")]
pub(in crate::epilot) struct ExecutionPage {
    #[schema(value_type = Vec<WorkflowExecution>)]
    pub executions: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_evaluated_key: Option<LastEvaluatedKey>,
}

/// To be sent as `pagination` for the next page; missing on the last one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::epilot) struct LastEvaluatedKey {
    pub org_id: String,
    /// Finer than the executions' own `creationTime`.
    pub creation_time: String,
}

/// A page of steps.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchStepsResp)]
pub(in crate::epilot) struct StepsFound {
    /// Steps on all pages, counted up to 10 000.
    pub hits: u32,
    /// Each with `executionName`, `executionStatus` and `contexts` of its execution besides.
    #[schema(value_type = Vec<WorkflowStep>)]
    pub results: Vec<Value>,
}

/// An entity an execution is about.
#[derive(ToSchema)]
#[schema(as = WorkflowContext)]
#[expect(dead_code, reason = "documents what is read and shown member by member")]
pub(in crate::epilot) struct WorkflowContext {
    id: String,
    schema: String,
    /// The entity's `_title` when it is missing.
    title: Option<String>,
}

/// A due date that counts from something that happens.
#[derive(ToSchema)]
#[schema(as = DynamicDueDate, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what is read and shown member by member")]
pub(in crate::epilot) struct DynamicDueDate {
    number_of_units: u32,
    /// `minutes`, `hours`, `days`, `weeks` or `months`.
    time_period: String,
    /// `WORKFLOW_STARTED` (default), `STEP_CLOSED` or `PHASE_FINISHED`; `actionType` means the same.
    action_type_condition: Option<String>,
    /// For `STEP_CLOSED`.
    step_id: Option<String>,
    /// For `PHASE_FINISHED`.
    phase_id: Option<String>,
}

/// An execution to be started.
#[derive(ToSchema)]
#[schema(as = WorkflowExecutionCreateReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct NewWorkflowExecution {
    /// The definition's id.
    workflow_id: String,
    /// `MANUAL` (default) or `AUTOMATIC`.
    trigger: Option<String>,
    assigned_to: Option<Vec<String>>,
    contexts: Option<Vec<WorkflowContext>>,
    /// Sections and steps with other purposes are left out.
    purposes: Option<Vec<String>>,
}

/// Changes of an execution.
#[derive(ToSchema)]
#[schema(as = WorkflowExecutionUpdateReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct WorkflowExecutionPatch {
    /// `STARTED`, `DONE` or `CLOSED`.
    status: Option<String>,
    assigned_to: Option<Vec<String>>,
    selected_closing_reasons: Option<Vec<ReasonSnapshot>>,
    closing_reason_description: Option<String>,
    due_date: Option<String>,
    dynamic_due_date: Option<DynamicDueDate>,
    /// The user who closes it, when that is not the caller.
    closed_by: Option<String>,
    contexts: Option<Vec<WorkflowContext>>,
    #[schema(format = DateTime)]
    completed_time: Option<String>,
}

/// A step to be added.
#[derive(ToSchema)]
#[schema(as = CreateStepReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct NewWorkflowStep {
    /// 1 to 255 characters.
    name: String,
    /// From 0 (default), among the steps of the section, or among sections and steps without one; beyond the end means
    /// the end.
    insertion_index: u32,
    #[schema(value_type = Option<Object>)]
    description: Option<Value>,
    status: Option<String>,
    section_id: Option<String>,
    /// `MANUAL` (default) or `AUTOMATION`, which needs `automationConfig`.
    execution_type: Option<String>,
    #[schema(value_type = Option<Object>)]
    automation_config: Option<Value>,
}

/// Changes of a step.
#[derive(ToSchema)]
#[schema(as = UpdateStepReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct WorkflowStepPatch {
    name: Option<String>,
    /// Kept and shown; empty takes it away.
    entity_ref_id: Option<String>,
    status: Option<String>,
    assigned_to: Option<Vec<String>>,
    assigned_to_in_progress: Option<String>,
    assigned_to_on_hold: Option<String>,
    due_date: Option<String>,
    dynamic_due_date: Option<DynamicDueDate>,
    #[schema(value_type = Option<Object>)]
    description: Option<Value>,
    /// `{index, sectionId}`; without a section among sections and steps without one.
    #[schema(value_type = Option<Object>)]
    position: Option<Value>,
    #[schema(value_type = Option<Object>)]
    automation_config: Option<Value>,
    #[schema(format = DateTime)]
    started_time: Option<String>,
    #[schema(format = DateTime)]
    completed_time: Option<String>,
    /// Deprecated, for `assignedTo`.
    user_ids: Option<Vec<u64>>,
}

/// Which executions to search for.
#[derive(ToSchema)]
#[schema(as = SearchExecutionsReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct SearchExecutions {
    /// A part of the name, in any case, at most 255 characters.
    name: Option<String>,
    status: Option<String>,
    /// Default false; without `status`, executions that are done or closed are left out.
    include_done_workflows: Option<bool>,
    assigned_to: Option<String>,
    /// `A_Z`, `Z_A`, `DUE_DATE_ASC`, `DUE_DATE_DESC`, `TRIGGER_DATE_ASC` or `TRIGGER_DATE_DESC` (default).
    sorting: Option<String>,
    /// The `lastEvaluatedKey` of the page before.
    #[schema(value_type = Option<Object>)]
    pagination: Option<Value>,
}

/// Which steps to search for.
#[derive(ToSchema)]
#[schema(as = SearchStepsReq, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct SearchSteps {
    /// A part of the execution's name, in any case, at most 255 characters.
    execution_name: Option<String>,
    /// A part of the step's name.
    step_name: Option<String>,
    assigned_to: Option<u64>,
    /// Default false: steps of running executions only.
    include_done_workflows: Option<bool>,
    manually_created: Option<bool>,
    /// `OPEN`, `COMPLETE` or `NEXT_OPEN_ITEM_IN_WORKFLOW`.
    status: Option<String>,
    /// As for executions; by name means the step's.
    sorting: Option<String>,
    /// `{from, size}`: from 0 (default), 1 to 100 (default 10), together at most 10 000.
    #[schema(value_type = Option<Object>)]
    pagination: Option<Value>,
}

/// An execution. Lists leave out what is only about sections and steps.
#[derive(ToSchema)]
#[schema(as = WorkflowExecution, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what is shown from the flow engine's own execution")]
pub(in crate::epilot) struct WorkflowExecution {
    id: String,
    definition_id: String,
    org_id: String,
    name: String,
    #[schema(format = DateTime)]
    creation_time: String,
    #[schema(format = DateTime)]
    last_update_time: String,
    due_date: Option<String>,
    #[schema(format = DateTime)]
    completed_time: Option<String>,
    dynamic_due_date: Option<DynamicDueDate>,
    /// `STARTED`, `DONE` or `CLOSED`.
    status: String,
    /// `MANUAL` or `AUTOMATIC`.
    trigger: String,
    assigned_to: Option<Vec<String>>,
    /// Who has changed it last; who has closed it, where a client has said so.
    last_modified_by: Option<String>,
    contexts: Vec<WorkflowContext>,
    /// `{id, entityRefId}` of the first step from top to bottom that is PENDING or IN_PROGRESS.
    #[schema(value_type = Option<Object>)]
    next_open_step: Option<Value>,
    configured_closing_reason_snapshot: Option<Vec<ReasonSnapshot>>,
    selected_closing_reasons: Option<Vec<ReasonSnapshot>>,
    closing_reason_description: Option<String>,
    #[schema(rename = "enableECPWorkflow")]
    enable_ecp_workflow: bool,
    #[schema(value_type = Option<Vec<Object>>)]
    update_entity_attributes: Option<Vec<Value>>,
    /// One more per change.
    version: u64,
    taxonomies: Option<Vec<String>>,
    single_closing_reason_selection: bool,
    /// Sections (`{id, name, type: SECTION, steps, status, …}`) and steps.
    #[schema(value_type = Vec<Object>)]
    flow: Vec<Value>,
}

/// A step.
#[derive(ToSchema)]
#[schema(as = WorkflowStep, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what is shown from the flow engine's own task")]
pub(in crate::epilot) struct WorkflowStep {
    id: String,
    definition_id: String,
    name: String,
    #[schema(value_type = Option<Object>)]
    description: Option<Value>,
    /// `STEP`.
    #[schema(rename = "type")]
    kind: String,
    #[schema(value_type = Option<Object>)]
    ecp: Option<Value>,
    #[schema(value_type = Option<Object>)]
    installer: Option<Value>,
    #[schema(value_type = Option<Object>)]
    partner: Option<Value>,
    enabled: bool,
    /// As a client has set it.
    entity_ref_id: Option<String>,
    #[schema(value_type = Option<Vec<Object>>)]
    requirements: Option<Vec<Value>>,
    /// `MANUAL` or `AUTOMATION`.
    execution_type: String,
    section_id: Option<String>,
    execution_id: String,
    user_ids: Option<Vec<u64>>,
    assigned_to: Option<Vec<String>>,
    assigned_to_in_progress: Option<String>,
    assigned_to_on_hold: Option<String>,
    status: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
    #[schema(format = DateTime)]
    status_last_updated: Option<String>,
    #[schema(format = DateTime)]
    started_time: Option<String>,
    #[schema(format = DateTime)]
    completed_time: Option<String>,
    due_date: Option<String>,
    dynamic_due_date: Option<DynamicDueDate>,
    manually_created: bool,
    #[schema(value_type = Option<Object>)]
    automation_config: Option<Value>,
    #[schema(value_type = Option<Object>)]
    journey: Option<Value>,
    taxonomies: Option<Vec<String>>,
}
