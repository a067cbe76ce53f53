//! What goes over the wire (source: contracts/epilot.md 1B.4). Times are text, `2026-11-22T09:00:00.000Z`.

mod executions_v1;
mod flow;
mod flow_requests;
mod task;

pub(super) use executions_v1::*;
pub(super) use flow::*;
pub(super) use flow_requests::*;
pub(super) use task::*;

use crate::kit::time::millis;
use serde::Serialize;
use serde_json::Value;
use stepwright_app::{ClosingReason, ReasonStatus};
use stepwright_engine::Timestamp;
use utoipa::ToSchema;

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = ErrorResp)]
pub(super) struct ErrorBody {
    pub message: String,
}

/// A reason for closing a flow.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReason)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReasonView {
    pub id: String,
    pub title: String,
    /// `ACTIVE` or `INACTIVE`.
    #[schema(value_type = String)]
    pub status: ReasonStatus,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub last_update_time: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    pub creation_time: Timestamp,
}

impl From<ClosingReason> for ReasonView {
    fn from(reason: ClosingReason) -> Self {
        Self {
            id: reason.id,
            title: reason.title,
            status: reason.status,
            last_update_time: reason.updated_at,
            creation_time: reason.created_at,
        }
    }
}

/// The catalogue.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReasons)]
pub(super) struct Reasons {
    pub reasons: Vec<ReasonView>,
}

/// A reason's id.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReasonId)]
pub(super) struct ReasonId {
    pub id: String,
}

/// The reasons a definition offers.
#[derive(Serialize, ToSchema)]
#[schema(as = ClosingReasonsIds)]
pub(super) struct ReasonIds {
    pub reasons: Vec<ReasonId>,
}

/// A reason to be made or changed.
#[derive(ToSchema)]
#[schema(as = ClosingReasonBody)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct ReasonBody {
    /// 1 to 255 characters; required for a new reason.
    title: Option<String>,
    /// `ACTIVE` (default) or `INACTIVE`.
    status: Option<String>,
}

/// A reason's new status.
#[derive(ToSchema)]
#[schema(as = ChangeReasonStatusReq)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct ReasonStatusBody {
    /// `ACTIVE` or `INACTIVE`.
    status: String,
}

/// How many templates there are and may be.
#[derive(Serialize, ToSchema)]
#[schema(as = MaxAllowedLimit)]
#[serde(rename_all = "camelCase")]
pub(super) struct MaxAllowed {
    pub current_no_of_workflows: usize,
    pub max_allowed: usize,
}

/// A list of templates.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowTemplatesList)]
pub(super) struct Templates {
    #[schema(value_type = Vec<FlowTemplate>)]
    pub results: Vec<Value>,
}

/// A page of templates.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowTemplatesFound)]
pub(super) struct Found {
    /// Templates on all pages.
    pub hits: usize,
    #[schema(value_type = Vec<FlowTemplate>)]
    pub results: Vec<Value>,
}

/// Which templates to search for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct SearchFlowTemplates {
    /// A part of the name, in any case.
    name: Option<String>,
    definition_id: Option<String>,
    /// `automation`, `manual` or `journey_submission`.
    trigger_type: Option<String>,
    enabled: Option<bool>,
    /// Default 0.
    from: Option<u64>,
    /// 1 to 100, default 10.
    size: Option<u64>,
    /// `created_at` or `updated_at` (default).
    sort_by: Option<String>,
    /// `asc` or `desc` (default).
    sort_order: Option<String>,
}

/// A flow template. `id`, `org_id`, the times and `limit_warnings` are the host's; a replacement whose `updated_at` is
/// not the stored one is refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is read and written by the flow engine's own template")]
pub(super) struct FlowTemplate {
    id: Option<String>,
    org_id: Option<String>,
    /// 3 to 255 characters.
    name: String,
    /// At most 5000 characters.
    description: Option<String>,
    /// `manual`, `automation`, `journey_submission` or `journey_automation`, by `type`.
    #[schema(value_type = Option<Object>)]
    trigger: Option<Value>,
    #[schema(value_type = Option<Vec<Object>>)]
    additional_triggers: Option<Vec<Value>>,
    /// Default true.
    enabled: Option<bool>,
    /// `v1`, `v2` or `v3`.
    version: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    due_date: Option<String>,
    #[schema(value_type = Option<Object>)]
    due_date_config: Option<Value>,
    /// User ids or `{variable, value}`.
    assigned_to: Option<Vec<Value>>,
    available_in_ecp: Option<bool>,
    #[schema(value_type = Option<Vec<Object>>)]
    phases: Option<Vec<Value>>,
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    edges: Vec<Value>,
    #[schema(value_type = Option<Vec<Object>>)]
    closing_reasons: Option<Vec<Value>>,
    #[schema(value_type = Option<Vec<Object>>)]
    entity_sync: Option<Vec<Value>>,
    taxonomies: Option<Vec<String>>,
    #[schema(rename = "singleClosingReasonSelection")]
    single_closing_reason_selection: Option<bool>,
    linear: Option<bool>,
    /// Soft limits the template goes beyond.
    #[schema(value_type = Option<Vec<Object>>)]
    limit_warnings: Option<Vec<Value>>,
    _manifest: Option<Vec<String>>,
}

/// A V1 definition: sections and steps in a row.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what is compiled to and shown from the flow engine's own template")]
pub(super) struct WorkflowDefinition {
    id: Option<String>,
    /// 3 to 255 characters.
    name: String,
    description: Option<String>,
    #[schema(rename = "creationTime", format = DateTime)]
    creation_time: Option<String>,
    #[schema(rename = "lastUpdateTime", format = DateTime)]
    last_update_time: Option<String>,
    /// Default true.
    enabled: Option<bool>,
    #[schema(rename = "dueDate")]
    due_date: Option<String>,
    #[schema(rename = "dynamicDueDate", value_type = Option<Object>)]
    dynamic_due_date: Option<Value>,
    #[schema(rename = "assignedTo")]
    assigned_to: Option<Vec<String>>,
    #[schema(rename = "enableECPWorkflow")]
    enable_ecp_workflow: Option<bool>,
    /// Sections (`{name, order, type: SECTION, steps}`) and steps (`{name, order, type: STEP}`).
    #[schema(value_type = Vec<Object>)]
    flow: Vec<Value>,
    #[schema(rename = "closingReasons", value_type = Option<Vec<Object>>)]
    closing_reasons: Option<Vec<Value>>,
    #[schema(rename = "updateEntityAttributes", value_type = Option<Vec<Object>>)]
    update_entity_attributes: Option<Vec<Value>>,
    taxonomies: Option<Vec<String>>,
    #[schema(rename = "singleClosingReasonSelection")]
    single_closing_reason_selection: Option<bool>,
    _manifest: Option<Vec<String>>,
}
