//! Flow executions as they go over the wire (source: seed 002 `FlowExecution`, contracts/epilot.md 1B.3). What is unset
//! is left out.

use super::task::TaskView;
use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use serde_json::Value;
use stepwright_engine::flow::{
    Assignee, Chain, ClosingReason, DueDateConfig, Edge, EntitySync, LoopInfo, PhaseStatus, StatusName,
};
use stepwright_engine::{NodeId, TenantId, Timestamp};
use utoipa::ToSchema;

/// A flow execution.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowExecution)]
pub(in crate::epilot) struct ExecutionView {
    pub id: String,
    pub flow_template_id: String,
    #[schema(value_type = String)]
    pub org_id: TenantId,
    pub name: String,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// An instant, or a floating day without an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub due_date_config: Option<DueDateConfig>,
    /// `STARTED`, `DONE` or `CLOSED`.
    #[schema(value_type = String)]
    pub status: StatusName,
    /// User ids or `{variable, value}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Value>)]
    pub assigned_to: Vec<Assignee>,
    pub analytics: FlowAnalytics,
    #[schema(value_type = Object)]
    pub trigger: Value,
    pub contexts: Vec<ContextView>,
    /// The tasks the execution stands at.
    pub crt_tasks: Vec<CurrentView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseView>,
    pub tasks: Vec<TaskView>,
    #[schema(value_type = Vec<Object>)]
    pub edges: Vec<Edge>,
    /// The flow whose automation has started this one.
    #[serde(rename = "_execution_chain", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub execution_chain: Option<Chain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing_reason: Option<ClosingView>,
    pub available_in_ecp: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub entity_sync: Vec<EntitySync>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    #[serde(rename = "singleClosingReasonSelection")]
    pub single_closing_reason_selection: bool,
    pub linear: bool,
}

/// When an execution began and ended, and who did it.
#[derive(Serialize, ToSchema)]
pub(in crate::epilot) struct FlowAnalytics {
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
}

/// An entity an execution is about.
#[derive(Serialize, ToSchema)]
#[schema(as = EntityRef)]
pub(in crate::epilot) struct ContextView {
    pub entity_id: String,
    pub entity_schema: String,
    pub is_primary: bool,
}

/// A task the execution stands at.
#[derive(Serialize, ToSchema)]
#[schema(as = CurrentTask)]
pub(in crate::epilot) struct CurrentView {
    #[schema(value_type = String)]
    pub id: NodeId,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub crt_since: Timestamp,
}

/// Reasons for closing: those that may be chosen, and those that were.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowClosingReason)]
pub(in crate::epilot) struct ClosingView {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub selected_reasons: Vec<ClosingReason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub configured_reasons: Vec<ClosingReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_description: Option<String>,
}

/// A phase; its status follows its tasks.
#[derive(Serialize, ToSchema)]
#[schema(as = Phase)]
pub(in crate::epilot) struct PhaseView {
    #[schema(value_type = String)]
    pub id: NodeId,
    #[schema(value_type = String)]
    pub template_id: NodeId,
    pub name: String,
    /// `OPEN`, `IN_PROGRESS` or `COMPLETED`.
    #[schema(value_type = String)]
    pub status: PhaseStatus,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub due_date_config: Option<DueDateConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Value>)]
    pub assigned_to: Vec<Assignee>,
    pub analytics: AnalyticsView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_config: Option<LoopInfo>,
}

/// What happened to a task or phase, and by whom.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsInfo)]
pub(in crate::epilot) struct AnalyticsView {
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub in_progress_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub status_updated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_progress_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_hold_by: Option<String>,
}

/// The executions found.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchFlowsResp)]
pub(in crate::epilot) struct ExecutionsFound {
    pub results: Vec<ExecutionView>,
}
