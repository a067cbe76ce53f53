//! What goes over the wire (source: contracts/smartmca.md 1D.2). Members are camel case, times are texts with
//! milliseconds, and members without a value are `null`.

use serde::Serialize;
use stepwright_engine::RawJson;
use utoipa::ToSchema;

/// A workflow in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeSummary {
    /// `wf_` and 22 letters and digits.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub icon: Option<String>,
    pub category: Option<String>,
    /// What kind of entity it runs on; null means any.
    pub entity_type: Option<String>,
    pub trigger_type: TriggerType,
    pub status: WorkflowStatus,
    pub is_active: bool,
    /// From 1, one more per change.
    pub version: u32,
}

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeDetail {
    #[serde(flatten)]
    pub summary: TypeSummary,
    /// For event triggers: `event`, and what the event must say.
    #[schema(value_type = Object)]
    pub trigger_conditions: serde_json::Value,
    pub on_failure: OnFailure,
    /// How often a node is tried again after a fault that may pass.
    pub max_retries: u32,
    pub node_count: usize,
}

/// What starts a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TriggerType {
    Manual,
    Event,
    Schedule,
}

/// Whether a workflow may be triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkflowStatus {
    Active,
    Draft,
    Inactive,
}

/// What becomes of an execution when a node has failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OnFailure {
    Pause,
    Stop,
    Continue,
}

/// All workflows that fit.
#[derive(Serialize, ToSchema)]
pub(super) struct TypeList {
    pub data: Vec<TypeSummary>,
    pub total: u64,
    pub meta: Meta,
}

/// Where in a list the page lies.
#[derive(Serialize, ToSchema)]
pub(super) struct Meta {
    pub pagination: Pagination,
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    /// From 1.
    pub page: u64,
    /// As applied, at most 100.
    pub limit: u64,
    pub total: u64,
    pub total_pages: u64,
}

/// What to run on what.
#[derive(ToSchema)]
#[schema(as = TriggerRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct TriggerBody {
    /// The workflow's id.
    #[schema(min_length = 1)]
    workflow_type: String,
    /// Must be the workflow's, when it names one.
    #[schema(min_length = 1, max_length = 200)]
    entity_type: String,
    #[schema(min_length = 1, max_length = 200)]
    entity_id: String,
}

/// A workflow has been triggered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Triggered {
    /// `exec_` and 22 letters and digits.
    pub execution_id: String,
    pub workflow_id: String,
    pub workflow_name: String,
    pub entity_type: String,
    pub entity_id: String,
    /// Always `pending`.
    pub status: ExecutionStatus,
    pub message: String,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ExecutionStatus {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// A page of executions.
#[derive(Serialize, ToSchema)]
pub(super) struct ExecutionList {
    pub data: Vec<ExecutionItem>,
    /// The same as in `meta.pagination`.
    pub total: u64,
    pub meta: Meta,
}

/// An execution in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionItem {
    pub id: String,
    /// The same as `id`.
    pub execution_id: String,
    pub workflow_id: String,
    pub workflow_name: String,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub status: ExecutionStatus,
    /// `manual`, `event`, `schedule`, or `flow` when another execution has started it.
    pub triggered_by: &'static str,
    /// Null while it is pending.
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    pub created_at: String,
    pub error: Option<ExecutionError>,
}

/// An execution with its nodes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionDetail {
    #[serde(flatten)]
    pub item: ExecutionItem,
    pub nodes: Vec<Node>,
    /// What it was started with.
    #[schema(value_type = Object)]
    pub context: RawJson,
    /// It stands still until it is resumed or cancelled; its status is `running` meanwhile.
    pub is_paused: bool,
    /// The failed node it stands at.
    pub paused_node_id: Option<String>,
    /// A node has failed.
    pub has_errors: bool,
}

/// Why an execution has failed or stands still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecutionError {
    pub node_id: Option<String>,
    /// Stable, for machines.
    pub code: String,
    pub message: String,
}

/// A node of an execution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub node_id: String,
    pub name: String,
    /// `manual`, `step`, `decision` or `agent`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub status: NodeStatus,
    /// Attempts so far, the one under way included.
    pub attempts: u32,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    /// What it has returned.
    #[schema(value_type = Option<Object>)]
    pub result: Option<RawJson>,
    pub error: Option<NodeError>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NodeStatus)]
pub(super) enum NodeStatus {
    Pending,
    Running,
    Completed,
    Failed,
    Skipped,
}

/// Why a node, or its last attempt, has failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct NodeError {
    pub code: String,
    pub message: String,
}

/// A status to be had. `newStatus` is another spelling.
#[derive(ToSchema)]
#[schema(as = ChangeStatus)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct ChangeStatusBody {
    #[schema(min_length = 1, max_length = 64)]
    status: String,
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// A stage to go to. `targetStage` is another spelling.
#[derive(ToSchema)]
#[schema(as = AdvanceStage)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct AdvanceStageBody {
    /// `draft`, `submission`, `scrubbing`, `underwriting`, `offerOut`, `contractsRequest`, `approved`, `funded`,
    /// `declined` or `withdrawn`; the next one on the line unless given.
    stage: Option<String>,
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Who is to underwrite. `userId` is another spelling.
#[derive(ToSchema)]
#[schema(as = AssignUnderwriter, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct AssignUnderwriterBody {
    #[schema(min_length = 1, max_length = 200)]
    underwriter_id: String,
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// An application has another status.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the answer, whose members have names of their own for each call")]
pub(super) struct StatusChanged {
    application_id: String,
    previous_status: Option<String>,
    status: String,
    /// What has been started by it.
    execution_ids: Vec<String>,
    message: String,
}

/// An application is at another stage.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the answer, whose members have names of their own for each call")]
pub(super) struct StageAdvanced {
    application_id: String,
    previous_stage: Option<String>,
    stage: String,
    /// What has been started by it.
    execution_ids: Vec<String>,
    message: String,
}

/// An application has an underwriter.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the answer, whose members have names of their own for each call")]
pub(super) struct UnderwriterAssigned {
    application_id: String,
    previous_underwriter_id: Option<String>,
    underwriter_id: String,
    /// What has been started by it.
    execution_ids: Vec<String>,
    message: String,
}

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    pub error: ErrorDetail,
}

/// What was refused, and why.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorDetail {
    /// Stable, for machines: `VALIDATION_ERROR`, `NOT_FOUND`, `CONFLICT` …
    pub code: &'static str,
    pub message: String,
    /// Every broken rule; empty when there is none.
    pub details: Vec<FieldError>,
}

/// A broken rule.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldError {
    pub field: String,
    pub message: String,
}
