//! From a flow to a V1 execution (source: seed 002 `WorkflowExecution`, `Section`, `Step` and their slim forms).

use crate::epilot::translate::v1::words::{dynamic_due_date, listed, members, requirement};
use serde_json::{Map, Value, json};
use stepwright_engine::flow::{Assignee, Due, Flow, FlowStatus, OutlineItem, Phase, Task, next_open};
use stepwright_engine::{TenantId, Timestamp};

/// How much of sections and steps is shown.
#[derive(Clone, Copy, PartialEq)]
enum Detail {
    Slim,
    Full,
}

/// An execution with everything about its sections and steps.
pub(in crate::epilot) fn workflow_execution(flow: &Flow, org: TenantId) -> Value {
    execution(flow, org, Detail::Full)
}

/// An execution as lists show it.
pub(in crate::epilot) fn slim_execution(flow: &Flow, org: TenantId) -> Value {
    execution(flow, org, Detail::Slim)
}

fn execution(flow: &Flow, org: TenantId, detail: Detail) -> Value {
    let outline = flow.outline();
    let ended = match &flow.status {
        FlowStatus::Started => None,
        FlowStatus::Done { at } | FlowStatus::Closed { at, by: _ } => Some(*at),
    };
    let next = next_open(flow, &outline);
    let closing = &flow.closing;
    let mut shown = members([
        ("id", json!(flow.id)),
        ("definitionId", json!(flow.flow_template_id)),
        ("orgId", json!(org)),
        ("name", json!(flow.name)),
        ("creationTime", time(Some(flow.created_at))),
        ("lastUpdateTime", time(Some(flow.updated_at))),
        ("dueDate", due_date(flow.due.as_ref())),
        ("completedTime", time(ended)),
        ("dynamicDueDate", dynamic_due_date(flow.due_date_config.as_ref())),
        ("status", json!(flow.status.name())),
        ("trigger", json!(flow.trigger.kind)),
        ("assignedTo", listed(users(&flow.assigned_to))),
        ("lastModifiedBy", json!(flow.updated_by)),
        ("contexts", contexts(flow)),
        ("nextOpenStep", next.map_or(Value::Null, next_open_step)),
        ("configuredClosingReasonSnapshot", listed(json!(closing.configured_reasons))),
        ("selectedClosingReasons", listed(json!(closing.selected_reasons))),
        ("closingReasonDescription", json!(closing.extra_description)),
        ("enableECPWorkflow", json!(flow.available_in_ecp)),
        ("updateEntityAttributes", listed(json!(flow.update_entity_attributes))),
        ("version", json!(flow.version)),
        ("taxonomies", listed(json!(flow.taxonomies))),
        ("singleClosingReasonSelection", json!(closing.single_selection)),
    ]);
    let items = outline.iter().map(|item| match item {
        OutlineItem::Section(phase, tasks) => section(flow, phase, tasks, detail),
        OutlineItem::Step(task) => step_in(flow, task, detail),
    });
    shown.insert("flow".into(), items.collect());
    Value::Object(shown)
}

fn next_open_step(task: &Task) -> Value {
    Value::Object(members([("id", json!(task.id)), ("entityRefId", json!(task.entity_ref))]))
}

fn section(flow: &Flow, phase: &Phase, tasks: &[&Task], detail: Detail) -> Value {
    let steps: Value = tasks.iter().map(|task| step_in(flow, task, detail)).collect();
    let mut shown = members([
        ("id", json!(phase.id)),
        ("definitionId", json!(phase.template_id)),
        ("name", json!(phase.name)),
        ("type", json!("SECTION")),
        ("assignedTo", listed(users(&phase.assigned_to))),
        ("steps", steps),
    ]);
    if detail == Detail::Full {
        shown.extend(members([
            ("userIds", listed(user_numbers(&phase.assigned_to))),
            ("dueDate", due_date(phase.due.as_ref())),
            ("dynamicDueDate", dynamic_due_date(phase.due_date_config.as_ref())),
            ("startedTime", time(phase.analytics.started_at)),
            ("completedTime", time(phase.analytics.completed_at)),
            ("status", json!(phase.status)),
            ("taxonomies", listed(json!(phase.taxonomies))),
        ]));
    }
    Value::Object(shown)
}

/// A step with everything about it.
pub(in crate::epilot) fn step(flow: &Flow, task: &Task) -> Value {
    step_in(flow, task, Detail::Full)
}

/// A step with what it belongs to.
pub(in crate::epilot) fn step_extended(flow: &Flow, task: &Task) -> Value {
    let mut shown = step(flow, task);
    shown["executionName"] = json!(flow.name);
    shown["executionStatus"] = json!(flow.status.name());
    shown["contexts"] = contexts(flow);
    shown
}

fn step_in(flow: &Flow, task: &Task, detail: Detail) -> Value {
    let execution_type = if task.is_machine_work() { "AUTOMATION" } else { "MANUAL" };
    let mut shown = members([
        ("id", json!(task.id)),
        ("definitionId", json!(task.template_id)),
        ("name", json!(task.name)),
        ("description", json!(task.description)),
        ("type", json!("STEP")),
        ("ecp", json!(task.ecp)),
        ("installer", json!(task.installer)),
        ("partner", json!(task.partner)),
        ("enabled", json!(task.enabled)),
        ("requirements", listed(task.requirements.iter().map(requirement).collect())),
        ("executionType", json!(execution_type)),
    ]);
    if detail == Detail::Full {
        shown.extend(step_details(flow, task));
    }
    Value::Object(shown)
}

fn step_details(flow: &Flow, task: &Task) -> Map<String, Value> {
    let analytics = &task.analytics;
    members([
        ("entityRefId", json!(task.entity_ref)),
        ("sectionId", json!(task.phase_id)),
        ("executionId", json!(flow.id)),
        ("userIds", listed(user_numbers(&task.assigned_to))),
        ("assignedTo", listed(users(&task.assigned_to))),
        ("assignedToInProgress", json!(analytics.in_progress_by)),
        ("assignedToOnHold", json!(analytics.on_hold_by)),
        ("status", json!(task.status)),
        ("created", time(Some(task.created_at))),
        ("lastUpdated", time(Some(task.updated_at))),
        ("statusLastUpdated", time(analytics.status_updated_at)),
        ("startedTime", time(analytics.started_at)),
        ("completedTime", time(analytics.completed_at)),
        ("dueDate", due_date(task.due.as_ref())),
        ("dynamicDueDate", dynamic_due_date(task.due_date_config.as_ref())),
        ("manuallyCreated", json!(task.manually_created)),
        ("automationConfig", automation_config(task)),
        ("journey", json!(task.journey)),
        ("taxonomies", listed(json!(task.taxonomies))),
    ])
}

fn automation_config(task: &Task) -> Value {
    let Some(automation) = task.automation() else { return Value::Null };
    let run = automation.run.as_ref();
    Value::Object(members([
        ("flowId", json!(automation.spec.automation_config.flow_id)),
        ("executionId", json!(run.map(|run| &run.execution_id))),
        ("executionStatus", json!(run.map(|run| run.state.name()))),
    ]))
}

/// A context of which nobody ever knew a title has an empty one.
fn contexts(flow: &Flow) -> Value {
    let context = |context: &stepwright_engine::flow::Context| {
        let title = context.title.as_deref().unwrap_or_default();
        json!({ "id": context.entity_id, "title": title, "schema": context.entity_schema })
    };
    flow.contexts.iter().map(context).collect()
}

/// The users that are assigned, also those variables stand for.
fn users(assigned: &[Assignee]) -> Value {
    assigned.iter().flat_map(Assignee::users).map(|user| json!(user)).collect()
}

/// The deprecated form: users whose ids are numbers.
fn user_numbers(assigned: &[Assignee]) -> Value {
    let numbers = assigned.iter().flat_map(Assignee::users).filter_map(|user| user.parse::<u64>().ok());
    numbers.map(|number| json!(number)).collect()
}

fn due_date(due: Option<&Due>) -> Value {
    json!(due.map(Due::as_str))
}

fn time(at: Option<Timestamp>) -> Value {
    json!(at.map(Timestamp::to_rfc3339_millis))
}
