//! Changes of executions, tasks and phases, and tasks to be added. What is absent or `null` stays as it is.

use super::flow_members::{
    assigned_to, carried, contexts, description, due_date, due_date_config, name, some_text, task_status,
};
use super::members::required;
use crate::kit::{ApiError, ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_engine::NodeId;
use stepwright_engine::flow::vocab::{StatusName, TaskType, TriggerMode};
use stepwright_engine::flow::{
    AgentConfig, AgentSpec, AutomationConfig, AutomationSpec, ClosingReason, FlowPatch, InputContext, NewTask,
    PhasePatch, TaskPatch, TaskSpec,
};

/// A task to be added, and where.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct Addition {
    /// The task's own.
    pub id: NodeId,
    pub previous: NodeId,
    /// None appends.
    pub next: Option<NodeId>,
    pub task: NewTask,
}

/// Reads a `PatchFlowReq`.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn flow_patch(body: &Value) -> ApiResult<FlowPatch> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let statuses: Vec<_> = StatusName::ALL.iter().map(|status| (status.as_str(), *status)).collect();
    let closing = fields.opt_object("closing_reason");
    let patch = FlowPatch {
        status: fields.opt_choice("status", &statuses),
        assigned_to: assigned_to(&fields),
        // The configured reasons are those of the start, whatever is sent of them.
        selected_reasons: closing.as_ref().and_then(selected_reasons),
        extra_description: closing.as_ref().and_then(|closing| closing.opt_text("extra_description")),
        due_date: due_date(&fields, "due_date"),
        due_date_config: due_date_config(&fields),
        contexts: contexts(&fields),
        closed_by: None,
        completed_at: None,
    };
    faults.or(patch)
}

/// Reads a `PatchTaskReq`.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn task_patch(body: &Value) -> ApiResult<TaskPatch> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let patch = TaskPatch {
        name: name(&fields),
        status: task_status(&fields),
        due_date: due_date(&fields, "due_date"),
        due_date_config: due_date_config(&fields),
        assigned_to: assigned_to(&fields),
        enabled: fields.opt_bool("enabled"),
        automation_config: automation_config(&fields),
        description: description(&fields),
        ecp: carried(&fields, "ecp"),
        installer: carried(&fields, "installer"),
        partner: carried(&fields, "partner"),
        next_condition_id: fields.opt_text("next_condition_id"),
        revert_execution: fields.opt_bool("revert_execution").unwrap_or(false),
        completed_via_journey: fields.opt_bool("completed_via_journey").unwrap_or(false),
        ..TaskPatch::default()
    };
    faults.or(patch)
}

/// Reads a `PatchPhaseReq`.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn phase_patch(body: &Value) -> ApiResult<PhasePatch> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let patch = PhasePatch {
        name: name(&fields),
        due_date: due_date(&fields, "due_date"),
        due_date_config: due_date_config(&fields),
        assigned_to: assigned_to(&fields),
    };
    faults.or(patch)
}

/// Reads an `AddTaskReq`; `fresh` makes an id for a task that has none.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn addition(body: &Value, fresh: impl FnOnce() -> String) -> ApiResult<Addition> {
    let faults = Faults::new();
    let fields = Fields::of(body, &faults)?;
    let previous = NodeId::new(some_text(&fields, "previous_task_id"));
    let next = fields.opt_text("next_task_id").map(NodeId::new);
    required(&fields, "task");
    let task = fields.opt_object("task").map(|task| new_task(&task, fresh));
    match task.map(|(id, task)| Addition { id, previous, next, task }) {
        Some(added) => faults.or(added),
        None => Err(ApiError::Invalid(faults.into_vec())),
    }
}

fn new_task(fields: &Fields<'_>, fresh: impl FnOnce() -> String) -> (NodeId, NewTask) {
    let id = match fields.get("id") {
        Some(_) => some_text(fields, "id"),
        None => fresh(),
    };
    required(fields, "name");
    let id = NodeId::new(id);
    let task = NewTask {
        id: Some(id.clone()),
        name: name(fields).unwrap_or_default(),
        status: task_status(fields),
        description: description(fields),
        phase_id: fields.opt_text("phase_id").map(NodeId::new),
        due_date: due_date(fields, "due_date"),
        due_date_config: due_date_config(fields),
        assigned_to: assigned_to(fields).unwrap_or_default(),
        enabled: fields.opt_bool("enabled"),
        kind: task_spec(fields),
    };
    (id, task)
}

/// Manual, unless it says otherwise or names an automation.
fn task_spec(fields: &Fields<'_>) -> TaskSpec {
    let types: Vec<_> = TaskType::ALL.iter().map(|of| (of.as_str(), *of)).collect();
    let automation = automation_config(fields);
    let usual = if automation.is_some() { TaskType::Automation } else { TaskType::Manual };
    match fields.opt_choice("task_type", &types).unwrap_or(usual) {
        TaskType::Manual => TaskSpec::Manual,
        TaskType::Automation => {
            required(fields, "automation_config");
            let unread = || AutomationConfig { flow_id: String::new(), input_context: None };
            TaskSpec::Automation(AutomationSpec {
                automation_config: automation.unwrap_or_else(unread),
                trigger_mode: TriggerMode::Automatic,
                schedule: None,
            })
        }
        TaskType::Decision => {
            fields.fault("task_type", "must not be DECISION: a decision has branches, which only templates can say");
            TaskSpec::Manual
        }
        TaskType::AiAgent => TaskSpec::AiAgent(AgentSpec { agent_config: agent_config(fields) }),
    }
}

fn agent_config(fields: &Fields<'_>) -> Option<AgentConfig> {
    let fields = fields.opt_object("agent_config")?;
    let parameters = fields.opt_object("parameters").and(fields.get("parameters")).cloned();
    Some(AgentConfig { agent_id: some_text(&fields, "agent_id"), parameters })
}

/// `automation_config`: what is to run, and on what. How far it is, the host knows.
fn automation_config(fields: &Fields<'_>) -> Option<AutomationConfig> {
    let fields = fields.opt_object("automation_config")?;
    let flow_id = some_text(&fields, "flow_id");
    let input_context = fields.opt_object("input_context").and_then(|input| {
        required(&input, "source");
        match input.opt_choice("source", &[("trigger", "trigger"), ("task", "task")])? {
            "task" => Some(InputContext::Task { task_id: NodeId::new(some_text(&input, "task_id")) }),
            _ => Some(InputContext::Trigger),
        }
    });
    Some(AutomationConfig { flow_id, input_context })
}

fn selected_reasons(closing: &Fields<'_>) -> Option<Vec<ClosingReason>> {
    closing.get("selected_reasons")?;
    let reason = |item: Fields<'_>| ClosingReason {
        id: some_text(&item, "id"),
        title: item.opt_text("title").unwrap_or_default(),
    };
    Some(closing.object_items("selected_reasons").into_iter().flatten().map(reason).collect())
}
