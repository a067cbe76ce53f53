//! What definitions and executions say in the same words.

use crate::epilot::translate::members::required;
use crate::kit::Fields;
use serde_json::{Map, Value, json};
use stepwright_engine::NodeId;
use stepwright_engine::flow::{Assignee, DueAnchor, DueDateConfig, Requirement, TimeUnit};

/// `dynamicDueDate`. `actionType` is another spelling of `actionTypeCondition`.
pub(super) fn due_date_config(fields: &Fields<'_>) -> Option<DueDateConfig> {
    let fields = fields.opt_object("dynamicDueDate")?;
    let units = TimeUnit::ALL.iter().map(|unit| (unit.as_str(), *unit)).collect::<Vec<_>>();
    for name in ["numberOfUnits", "timePeriod"] {
        required(&fields, name);
    }
    let (duration, unit) = (fields.opt_u32("numberOfUnits"), fields.opt_choice("timePeriod", &units));
    let name = if fields.get("actionTypeCondition").is_none() { "actionType" } else { "actionTypeCondition" };
    let anchors = ["WORKFLOW_STARTED", "STEP_CLOSED", "PHASE_FINISHED"].map(|word| (word, word));
    let anchor = match fields.opt_choice(name, &anchors) {
        Some("STEP_CLOSED") => DueAnchor::TaskFinished { task_id: NodeId::new(fields.text("stepId")) },
        Some("PHASE_FINISHED") => DueAnchor::PhaseFinished { phase_id: NodeId::new(fields.text("phaseId")) },
        _ => DueAnchor::WorkflowStarted,
    };
    Some(DueDateConfig { duration: duration?, unit: unit?, anchor })
}

/// `assignedTo`, or the deprecated numbers in `userIds`.
pub(super) fn assignees(fields: &Fields<'_>) -> Vec<Assignee> {
    if fields.get("assignedTo").is_none() {
        let numbers = fields.items("userIds").into_iter().filter_map(|(_, id)| id.as_number());
        return numbers.map(|id| Assignee::User(id.to_string())).collect();
    }
    let assignee = |text: String| {
        let variable = text.starts_with("{{") && text.ends_with("}}");
        if variable { Assignee::Variable { variable: text, value: Vec::new() } } else { Assignee::User(text) }
    };
    fields.texts("assignedTo").into_iter().map(assignee).collect()
}

pub(super) fn requirement(requirement: &Requirement) -> Value {
    let of = |id: &NodeId, kind: &str| json!({ "definitionId": id, "type": kind, "condition": "CLOSED" });
    match requirement {
        Requirement::TaskFinished { task_id } => of(task_id, "STEP"),
        Requirement::PhaseFinished { phase_id } => of(phase_id, "SECTION"),
    }
}

/// Nothing for anchors V1 has no word for. V1 has no years.
pub(super) fn dynamic_due_date(config: Option<&DueDateConfig>) -> Value {
    let Some(config) = config else { return Value::Null };
    let (number, unit) = match config.unit {
        TimeUnit::Years => (config.duration.saturating_mul(12), TimeUnit::Months),
        unit => (config.duration, unit),
    };
    let mut shown = json!({ "numberOfUnits": number, "timePeriod": unit });
    match &config.anchor {
        DueAnchor::WorkflowStarted => shown["actionTypeCondition"] = json!("WORKFLOW_STARTED"),
        DueAnchor::TaskFinished { task_id } => {
            shown["actionTypeCondition"] = json!("STEP_CLOSED");
            shown["stepId"] = json!(task_id);
        }
        DueAnchor::PhaseFinished { phase_id } => {
            shown["actionTypeCondition"] = json!("PHASE_FINISHED");
            shown["phaseId"] = json!(phase_id);
        }
        DueAnchor::APrecedingTaskCompleted | DueAnchor::AllPrecedingTasksCompleted => return Value::Null,
    }
    shown
}

/// `null` for an empty list, which is left out.
pub(super) fn listed(list: Value) -> Value {
    if list.as_array().is_some_and(Vec::is_empty) { Value::Null } else { list }
}

/// The members that are set.
pub(super) fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}
