//! What goes over the wire (source: contracts/softsolz.md 1C.2). Times are text, `2026-11-22T09:00:00Z`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwright_engine::RawJson;
use utoipa::ToSchema;

/// A closed set of words.
pub(super) trait Word: Copy + 'static {
    /// Every word with what it stands for.
    const CHOICES: &'static [(&'static str, Self)];
}

// `tt` and not `literal`: utoipa does not see through the invisible group around a literal fragment.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $text:tt),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub(super) enum $name {
            $(#[serde(rename = $text)] $variant),+
        }

        impl Word for $name {
            const CHOICES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];
        }
    )+};
}

words! {
    /// What starts a workflow's runs.
    TriggerType { Schedule = "schedule", Manual = "manual" }
    /// Whether a workflow may run.
    WorkflowStatus { Active = "active", Paused = "paused" }
    /// Which dashboard users see a workflow; keys act for the workspace and see all.
    Visibility { Private = "private", Tenant = "tenant", Shared = "shared" }
    /// Where a run stands.
    RunStatus {
        Queued = "queued", Running = "running", Completed = "completed", Failed = "failed", Cancelled = "cancelled",
    }
    /// What started a run.
    RunTrigger { Manual = "manual", Schedule = "schedule" }
    /// Where a step of a run stands.
    StepStatus {
        Pending = "pending", Running = "running", Completed = "completed", Failed = "failed", Skipped = "skipped",
    }
    /// What a step type is for.
    StepPurpose { Summary = "summary", Delivery = "delivery", Action = "action" }
}

/// The envelope of one thing.
#[derive(Serialize, ToSchema)]
pub(super) struct Data<T> {
    pub data: T,
}

/// The envelope of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    pub data: Vec<T>,
    pub meta: Meta,
}

/// Where in a list the page lies; the next one starts at `offset + limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Meta {
    /// As applied, at most 100.
    pub limit: u32,
    pub offset: u64,
    pub has_more: bool,
}

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Workflow {
    #[schema(format = "uuid")]
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub trigger_type: TriggerType,
    pub cron_expression: Option<String>,
    /// IANA name.
    pub timezone: String,
    pub status: WorkflowStatus,
    pub visibility: Visibility,
    /// Texts or integers.
    pub shared_user_ids: Vec<Value>,
    /// Texts or integers.
    pub shared_role_ids: Vec<Value>,
    pub steps: Vec<WorkflowStep>,
    pub next_run_at: Option<String>,
    pub last_run_at: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    /// What will not work as things stand; only in the answers to create and update, and only when there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A step of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct WorkflowStep {
    pub step_type: String,
    #[schema(value_type = Object)]
    pub step_config: Value,
}

/// Something legal that will fail when it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Warning {
    /// `mail_not_configured`.
    pub code: &'static str,
    /// Such as `steps[0]`.
    pub field: String,
    pub message: String,
}

/// A workflow to be made. Unknown members are ignored.
#[derive(ToSchema)]
#[schema(as = WorkflowCreate)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct CreateBody {
    /// 1 to 120 characters.
    name: String,
    /// 1 to 50, in the order they run in. A summary step needs a delivery step after it.
    steps: Vec<StepBody>,
    /// At most 500 characters.
    description: Option<String>,
    /// Default `schedule`.
    trigger_type: Option<TriggerType>,
    /// Five fields; required with trigger type `schedule`, not allowed with `manual`. `schedule` is another spelling.
    cron_expression: Option<String>,
    /// IANA name, default `UTC`.
    timezone: Option<String>,
    /// Default `active`.
    status: Option<WorkflowStatus>,
    /// Default `tenant`.
    visibility: Option<Visibility>,
    /// Texts or integers; used with visibility `shared`.
    shared_user_ids: Option<Vec<Value>>,
    /// Texts or integers; used with visibility `shared`.
    shared_role_ids: Option<Vec<Value>>,
}

/// What of a workflow is to change; the rules hold for the result. `null` clears `description` and
/// `cron_expression` and counts as absent elsewhere.
#[derive(ToSchema)]
#[schema(as = WorkflowUpdate)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct UpdateBody {
    name: Option<String>,
    steps: Option<Vec<StepBody>>,
    description: Option<String>,
    trigger_type: Option<TriggerType>,
    cron_expression: Option<String>,
    timezone: Option<String>,
    status: Option<WorkflowStatus>,
    visibility: Option<Visibility>,
    shared_user_ids: Option<Vec<Value>>,
    shared_role_ids: Option<Vec<Value>>,
}

/// A step of a workflow to be made. `type` and `config` are other spellings.
#[derive(ToSchema)]
#[schema(as = StepCreate)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(super) struct StepBody {
    /// One of `GET /action-catalog`.
    step_type: String,
    /// Settings of the step type, default `{}`.
    #[schema(value_type = Option<Object>)]
    step_config: Option<Value>,
}

/// The answer to a trigger.
#[derive(Serialize, ToSchema)]
pub(super) struct EnqueuedRun {
    #[schema(format = "uuid")]
    pub run_id: String,
    /// Always `queued`.
    pub status: RunStatus,
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Run {
    #[schema(format = "uuid")]
    pub id: String,
    /// The same as `id`.
    #[schema(format = "uuid")]
    pub run_id: String,
    #[schema(format = "uuid")]
    pub workflow_id: String,
    pub status: RunStatus,
    pub trigger: RunTrigger,
    /// The cron tick a scheduled run stands for.
    pub scheduled_for: Option<String>,
    pub queued_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    /// Why it failed.
    pub error: Option<RunError>,
    pub steps: Vec<RunStep>,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RunError {
    pub code: String,
    pub message: String,
    /// The step that failed, from 0.
    pub step_index: Option<u32>,
}

/// A step of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunStep {
    /// From 0.
    pub index: u32,
    pub step_type: String,
    pub status: StepStatus,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub output: Option<RawJson>,
    pub error: Option<StepError>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StepError {
    pub code: String,
    pub message: String,
}

/// A step type.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogItem {
    pub step_type: String,
    pub name: String,
    pub description: String,
    pub category: StepPurpose,
    /// A delivery step must come after it.
    pub requires_delivery: bool,
    /// JSON Schema of `step_config`.
    #[schema(value_type = Object)]
    pub config_schema: RawJson,
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
    /// Stable, for machines: `validation_failed`, `not_found`, `run_recently_started` …
    pub code: &'static str,
    pub message: String,
    /// Such as `fields[{field, message}]` or `retry_after_seconds`; always an object, since the vendor's client drops
    /// anything else.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// Whose key this is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Whoami {
    #[schema(format = "uuid")]
    pub tenant_id: String,
    /// `live` or `test`.
    pub environment: &'static str,
    pub key_prefix: String,
    pub scopes: Vec<String>,
}
