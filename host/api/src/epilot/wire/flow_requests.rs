//! Bodies of the V2 operations (source: seed 002). They are read member by member, so that every fault is listed.

use serde_json::Value;
use utoipa::ToSchema;

/// An execution to be started.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct StartFlowReq {
    flow_template_id: String,
    /// At least one; without a primary one, the first is it.
    contexts: Vec<FlowContext>,
    /// `{type, automation_config}`; `MANUAL` unless it says `AUTOMATIC`.
    #[schema(value_type = Option<Object>)]
    trigger: Option<Value>,
    /// Phases and tasks with other purposes are left out.
    purposes: Option<Vec<String>>,
}

/// An entity an execution is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a part of bodies")]
pub(in crate::epilot) struct FlowContext {
    entity_id: String,
    entity_schema: String,
    /// Default false.
    is_primary: Option<bool>,
}

/// Changes of an execution.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct PatchFlowReq {
    /// `STARTED`, `DONE` or `CLOSED`.
    status: Option<String>,
    /// User ids or `{variable}`.
    assigned_to: Option<Vec<Value>>,
    /// `{selected_reasons: [{id, title}], extra_description}`.
    #[schema(value_type = Option<Object>)]
    closing_reason: Option<Value>,
    due_date: Option<String>,
    #[schema(value_type = Option<Object>)]
    due_date_config: Option<Value>,
    contexts: Option<Vec<FlowContext>>,
}

/// Changes of a task.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct PatchTaskReq {
    /// 1 to 255 characters.
    name: Option<String>,
    status: Option<String>,
    /// Beats `due_date_config`.
    due_date: Option<String>,
    #[schema(value_type = Option<Object>)]
    due_date_config: Option<Value>,
    /// User ids or `{variable}`.
    assigned_to: Option<Vec<Value>>,
    /// Overrides the requirements until the task starts over.
    enabled: Option<bool>,
    /// `{flow_id, input_context}`.
    #[schema(value_type = Option<Object>)]
    automation_config: Option<Value>,
    /// `{enabled, value}`.
    #[schema(value_type = Option<Object>)]
    description: Option<Value>,
    #[schema(value_type = Option<Object>)]
    ecp: Option<Value>,
    #[schema(value_type = Option<Object>)]
    installer: Option<Value>,
    #[schema(value_type = Option<Object>)]
    partner: Option<Value>,
    /// The branch a decision takes; needed to complete a manual one.
    next_condition_id: Option<String>,
    /// Takes the whole execution back to this finished task.
    revert_execution: Option<bool>,
    completed_via_journey: Option<bool>,
}

/// Changes of a phase.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct PatchPhaseReq {
    name: Option<String>,
    due_date: Option<String>,
    #[schema(value_type = Option<Object>)]
    due_date_config: Option<Value>,
    assigned_to: Option<Vec<Value>>,
}

/// A task to be inserted on the edge between two others.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct AddTaskReq {
    previous_task_id: String,
    /// Absent or `null`: the task comes behind the previous one.
    next_task_id: Option<String>,
    task: AddedTask,
}

/// A task to be inserted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct AddedTask {
    /// Taken as it is; absent gives a fresh one.
    id: Option<String>,
    name: String,
    status: Option<String>,
    /// `{enabled, value}`.
    #[schema(value_type = Option<Object>)]
    description: Option<Value>,
    due_date: Option<String>,
    #[schema(value_type = Option<Object>)]
    due_date_config: Option<Value>,
    assigned_to: Option<Vec<Value>>,
    enabled: Option<bool>,
    #[schema(value_type = Option<Object>)]
    automation_config: Option<Value>,
    /// Absent takes that of the previous task.
    phase_id: Option<String>,
    /// `MANUAL` (default), `AUTOMATION` or `AI_AGENT`.
    task_type: Option<String>,
}

/// Which executions to search for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read member by member so that every fault is listed")]
pub(in crate::epilot) struct SearchFlowsReq {
    entity_id: String,
    entity_schema: String,
}
