//! What goes over the wire (source: contracts/hydracore.md 1A.2).

use crate::kit::time::{opt_seconds, seconds};
use serde::Serialize;
use serde_json::{Map, Value};
use stepwright_engine::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

/// A workflow. Every member is always there.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkflowRecord)]
pub(super) struct RecordBody<'a> {
    #[schema(required)]
    pub(super) approver_id: Option<Uuid>,
    #[schema(required)]
    pub(super) assigned_to: Option<&'a str>,
    #[serde(serialize_with = "opt_seconds")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub(super) completed_at: Option<Timestamp>,
    #[serde(serialize_with = "seconds")]
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    pub(super) customer_id: Uuid,
    pub(super) escalation_level: u32,
    #[serde(serialize_with = "opt_seconds")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub(super) expires_at: Option<Timestamp>,
    /// Oldest first; nothing is ever removed.
    #[serde(skip_serializing_if = "is_written_apart")]
    #[schema(required, value_type = Vec<HistoryItem>)]
    pub(super) history: (),
    pub(super) id: Uuid,
    #[schema(required)]
    pub(super) instance_id: Option<Uuid>,
    #[serde(serialize_with = "opt_seconds")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub(super) last_action_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_seconds")]
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub(super) next_action_at: Option<Timestamp>,
    #[schema(required)]
    pub(super) reference: Option<&'a str>,
    #[schema(required)]
    pub(super) stage: Option<&'a str>,
    /// `active`, `awaiting_approval`, `paused`, `suspended`, `completed`, `expired`, `cancelled` or `failed`.
    pub(super) status: &'static str,
    pub(super) tenant_id: Uuid,
    #[schema(required)]
    pub(super) title: Option<&'a str>,
    #[serde(serialize_with = "seconds")]
    #[schema(value_type = String, format = DateTime)]
    pub(super) updated_at: Timestamp,
    #[schema(value_type = Object)]
    pub(super) workflow_state: &'a Map<String, Value>,
    pub(super) workflow_type: &'static str,
}

/// The history is written by `respond`, from the texts it is stored as.
const fn is_written_apart((): &()) -> bool {
    true
}

/// A suspended workflow: the workflow with where it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = SuspendedWorkflow)]
pub(super) struct SuspendedBody<'a> {
    #[serde(flatten)]
    pub(super) record: RecordBody<'a>,
    pub(super) suspended_step: &'a str,
    #[serde(serialize_with = "seconds")]
    #[schema(value_type = String, format = DateTime)]
    pub(super) suspended_at: Timestamp,
    #[schema(required, value_type = Option<Object>)]
    pub(super) suspended_payload: Option<&'a Map<String, Value>>,
}

/// A page of workflows.
#[derive(ToSchema)]
#[schema(as = WorkflowList)]
#[expect(dead_code, reason = "describes the answer; `respond` writes it")]
pub(super) struct ListBody<'a> {
    page: u64,
    per_page: u32,
    /// All that match, on this page or another.
    total: u64,
    workflows: Vec<RecordBody<'a>>,
}

/// Something that was done to a workflow.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the engine's history entries say")]
pub(super) struct HistoryItem {
    #[schema(format = DateTime)]
    at: String,
    /// The action's name; the host's own are `created`, `suspended`, `resumed`, `aborted`, `expired`, `guard_denied`.
    action: String,
    actor: String,
    #[schema(required, value_type = Option<Value>)]
    detail: Option<Value>,
    #[schema(required)]
    from_status: Option<String>,
    to_status: String,
    #[schema(required)]
    from_stage: Option<String>,
    #[schema(required)]
    to_stage: Option<String>,
}

/// What an action has done.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkflowAction)]
pub(super) struct ActionBody {
    /// The workflow's.
    pub(super) id: String,
    pub(super) message: String,
    /// The new status.
    pub(super) status: &'static str,
}

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(super) struct Detail {
    pub(super) detail: String,
}

/// A request that breaks rules.
#[derive(Serialize, ToSchema)]
pub(super) struct HTTPValidationError {
    /// Every fault.
    #[schema(value_type = Vec<Fault>)]
    pub(super) detail: Value,
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(super) struct Fault {
    /// Such as `missing`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// `path`, `query`, `header` or `body`, and where inside it.
    pub(super) loc: Vec<Value>,
    pub(super) msg: String,
    /// What was sent, unless it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub(super) input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) ctx: Option<Value>,
}

/// Bytes of an input that is shown.
const MAX_SHOWN: usize = 1 << 10;

impl Fault {
    pub(super) fn new(kind: &'static str, loc: Vec<Value>, msg: impl Into<String>) -> Self {
        Self { kind, loc, msg: msg.into(), input: None, ctx: None }
    }

    /// With what was sent, when that is short.
    pub(super) fn with_input(mut self, input: &Value) -> Self {
        self.input = (input.to_string().len() <= MAX_SHOWN).then(|| input.clone());
        self
    }

    pub(super) fn with_ctx(mut self, ctx: Value) -> Self {
        self.ctx = Some(ctx);
        self
    }
}

/// A workflow to be made.
#[derive(ToSchema)]
#[schema(as = WorkflowCreate)]
#[expect(dead_code, reason = "describes the body; `input` reads it member by member")]
pub(super) struct CreateBody {
    /// Whom it is about; opaque to this host.
    customer_id: Uuid,
    #[schema(value_type = WorkflowTypeWord)]
    workflow_type: String,
    #[schema(max_length = 255)]
    assigned_to: Option<String>,
    /// Must lie in the future.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    next_action_at: Option<String>,
    /// If present, the same as in the path.
    instance_id: Option<Uuid>,
    /// External reference.
    #[schema(max_length = 255)]
    reference: Option<String>,
    /// Initial stage.
    #[schema(max_length = 100)]
    stage: Option<String>,
    #[schema(max_length = 255)]
    title: Option<String>,
    /// At most 256 KiB.
    #[schema(value_type = Option<Object>)]
    workflow_state: Option<Value>,
}

/// What kind of process a workflow is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case", as = WorkflowType)]
#[expect(dead_code, reason = "describes the words the engine knows")]
pub(super) enum WorkflowTypeWord {
    Lead,
    RentArrears,
    Maintenance,
    ComplianceRenewal,
    Viewing,
    Roster,
    Approval,
    InvoiceChase,
    Onboarding,
    Custom,
}

/// A workflow's status.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case", as = WorkflowStatus)]
#[expect(dead_code, reason = "describes the words the engine knows")]
pub(super) enum StatusWord {
    Active,
    AwaitingApproval,
    Paused,
    Suspended,
    Completed,
    Expired,
    Cancelled,
    Failed,
}

/// What moves a workflow on; what is absent stays.
#[derive(ToSchema)]
#[schema(as = WorkflowAdvance)]
#[expect(dead_code, reason = "describes the body; `input` reads it member by member")]
pub(super) struct AdvanceBody {
    /// Audit action name.
    #[schema(min_length = 1, max_length = 100)]
    action: String,
    /// A text or an object, kept as it is; at most 64 KiB.
    #[schema(value_type = Option<Value>)]
    action_detail: Option<Value>,
    /// Who does it; `agent` unless it says so.
    #[schema(max_length = 255)]
    actor: Option<String>,
    approver_id: Option<Uuid>,
    #[schema(max_length = 255)]
    assigned_to: Option<String>,
    #[schema(minimum = 0, maximum = 100)]
    escalation_level: Option<u32>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    next_action_at: Option<String>,
    /// New stage.
    #[schema(max_length = 100)]
    stage: Option<String>,
    #[schema(value_type = Option<StatusWord>)]
    status: Option<String>,
    /// Merged into the existing state, top-level member by top-level member.
    #[schema(value_type = Option<Object>)]
    workflow_state: Option<Value>,
}

/// Where a workflow is suspended.
#[derive(ToSchema)]
#[schema(as = WorkflowSuspend)]
#[expect(dead_code, reason = "describes the body; `input` reads it member by member")]
pub(super) struct SuspendBody {
    #[schema(min_length = 1, max_length = 100)]
    step: String,
    /// Kept for the resume.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
}

/// What a suspended workflow is resumed with.
#[derive(ToSchema)]
#[schema(as = WorkflowResume)]
#[expect(dead_code, reason = "describes the body; `input` reads it member by member")]
pub(super) struct ResumeBody {
    /// Merged into the state, after what it was suspended with.
    #[schema(value_type = Option<Object>)]
    resume_data: Option<Value>,
}
