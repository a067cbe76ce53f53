//! A template as a V1 definition.

use super::words::{dynamic_due_date, listed, members, requirement};
use serde_json::{Value, json};
use stepwright_app::usecases::{StoredTemplate, TemplateDocument};
use stepwright_engine::flow::vocab::TriggerMode;
use stepwright_engine::flow::{Assignee, TaskSpec, TemplatePhase, TemplateTask};

/// Sections stand where their first step does.
pub(in crate::epilot) fn workflow_definition(stored: &StoredTemplate) -> Value {
    let (definition, document) = (&stored.definition, &stored.document);
    let template = &document.template;
    let mut shown = members([
        ("id", json!(document.id)),
        ("name", json!(template.name)),
        ("description", json!(template.description)),
        ("creationTime", json!(definition.created_at.to_rfc3339_millis())),
        ("lastUpdateTime", json!(definition.updated_at.to_rfc3339_millis())),
        ("enabled", json!(template.enabled)),
        ("dueDate", document.carried["due_date"].clone()),
        ("dynamicDueDate", dynamic_due_date(template.due_date_config.as_ref())),
        ("assignedTo", assigned_to(&template.assigned_to)),
        ("enableECPWorkflow", json!(template.available_in_ecp)),
        ("updateEntityAttributes", listed(json!(template.update_entity_attributes))),
        ("taxonomies", listed(json!(template.taxonomies))),
        ("singleClosingReasonSelection", json!(template.single_closing_reason_selection)),
        ("_manifest", document.carried["_manifest"].clone()),
    ]);
    let reasons: Vec<Value> = template.closing_reasons.iter().map(|reason| json!({ "id": reason.id })).collect();
    if !reasons.is_empty() {
        shown.insert("closingReasons".into(), Value::Array(reasons));
    }
    shown.insert("flow".into(), Value::Array(flow(document)));
    Value::Object(shown)
}

fn flow(document: &TemplateDocument) -> Vec<Value> {
    let template = &document.template;
    let mut items: Vec<(Option<&TemplatePhase>, Vec<&TemplateTask>)> = Vec::new();
    for task in template.ordered_tasks() {
        let phase = task.phase_id.as_ref().and_then(|id| template.phases.iter().find(|p| &p.id == id));
        let section = items.iter_mut().find(|(p, _)| phase.is_some_and(|phase| p.is_some_and(|p| p.id == phase.id)));
        match section {
            Some((_, steps)) => steps.push(task),
            None => items.push((phase, vec![task])),
        }
    }
    let items = items.into_iter().enumerate().map(|(i, (phase, tasks))| match (phase, tasks.as_slice()) {
        (Some(phase), tasks) => section(document, phase, tasks, i + 1),
        (None, [task, ..]) => step(document, task, i + 1),
        (None, []) => Value::Null,
    });
    items.filter(|item| !item.is_null()).collect()
}

fn section(document: &TemplateDocument, phase: &TemplatePhase, tasks: &[&TemplateTask], order: usize) -> Value {
    let place = document.template.phases.iter().position(|p| p.id == phase.id);
    let steps: Vec<Value> = tasks.iter().enumerate().map(|(i, task)| step(document, task, i + 1)).collect();
    Value::Object(members([
        ("id", json!(phase.id)),
        ("name", json!(phase.name)),
        ("order", json!(order)),
        ("type", json!("SECTION")),
        ("dueDate", due_date(document, "phases", place)),
        ("dynamicDueDate", dynamic_due_date(phase.due_date_config.as_ref())),
        ("assignedTo", assigned_to(&phase.assigned_to)),
        ("taxonomies", listed(json!(phase.taxonomies))),
        ("steps", Value::Array(steps)),
    ]))
}

fn step(document: &TemplateDocument, task: &TemplateTask, order: usize) -> Value {
    let place = document.template.tasks.iter().position(|t| t.id == task.id);
    let (execution_type, flow_id) = match &task.kind {
        TaskSpec::Automation(spec) => ("AUTOMATION", Some(&spec.automation_config.flow_id)),
        TaskSpec::AiAgent(_) => ("AUTOMATION", None),
        TaskSpec::Decision(spec) if spec.trigger_mode == TriggerMode::Automatic => ("AUTOMATION", None),
        TaskSpec::Decision(_) | TaskSpec::Manual => ("MANUAL", None),
    };
    Value::Object(members([
        ("id", json!(task.id)),
        ("name", json!(task.name)),
        ("order", json!(order)),
        ("type", json!("STEP")),
        ("description", json!(task.description)),
        ("executionType", json!(execution_type)),
        ("automationConfig", flow_id.map_or(Value::Null, |id| json!({ "flowId": id }))),
        ("journey", json!(task.journey)),
        ("dueDate", due_date(document, "tasks", place)),
        ("dynamicDueDate", dynamic_due_date(task.due_date_config.as_ref())),
        ("requirements", listed(task.requirements.iter().map(requirement).collect())),
        ("assignedTo", assigned_to(&task.assigned_to)),
        ("ecp", json!(task.ecp)),
        ("installer", json!(task.installer)),
        ("partner", json!(task.partner)),
        ("taxonomies", listed(json!(task.taxonomies))),
    ]))
}

fn assigned_to(assignees: &[Assignee]) -> Value {
    let text = |assignee: &Assignee| match assignee {
        Assignee::User(id) => json!(id),
        Assignee::Variable { variable, .. } => json!(variable),
    };
    listed(assignees.iter().map(text).collect())
}

fn due_date(document: &TemplateDocument, list: &str, place: Option<usize>) -> Value {
    place.map_or(Value::Null, |place| document.carried[list][place]["due_date"].clone())
}
