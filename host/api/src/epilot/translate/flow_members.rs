//! Members that several requests about executions share.

use crate::kit::Fields;
use serde_json::Value;
use stepwright_engine::NodeId;
use stepwright_engine::flow::{
    Assignee, Context, Description, DueAnchor, DueDateConfig, TaskStatus, TimeUnit, parse_date,
};

/// Characters of a name.
const MAX_NAME: usize = 255;
/// Characters of a task's description.
const MAX_DESCRIPTION: usize = 10_000;

/// `name`: not empty, at most 255 characters.
pub(super) fn name(fields: &Fields<'_>) -> Option<String> {
    let message = format!("must be a text of 1 to {MAX_NAME} characters");
    let fits = |text: &&str| !text.trim().is_empty() && text.chars().count() <= MAX_NAME;
    fields.typed("name", &message, |v| v.as_str().filter(fits).map(str::to_owned))
}

/// A task's `status`; the two deprecated words mean PENDING.
pub(super) fn task_status(fields: &Fields<'_>) -> Option<TaskStatus> {
    let words: Vec<&str> = TaskStatus::ALL.iter().map(|s| s.as_str()).collect();
    let message = format!("must be one of {}", words.join(", "));
    fields.typed("status", &message, |v| TaskStatus::from_wire(v.as_str()?))
}

/// A due date: an instant, or a floating date, kept as it is written; empty for none.
pub(super) fn due_date(fields: &Fields<'_>, name: &str) -> Option<String> {
    let message = "must be a date-time, for example 2026-05-28T00:00:00.000 or 2026-05-28T09:30:00Z";
    let is_date = |text: &&str| text.is_empty() || parse_date(text).is_some();
    fields.typed(name, message, |v| v.as_str().filter(is_date).map(str::to_owned))
}

/// `due_date_config`.
pub(super) fn due_date_config(fields: &Fields<'_>) -> Option<DueDateConfig> {
    let fields = fields.opt_object("due_date_config")?;
    for name in ["duration", "unit", "type"] {
        super::members::required(&fields, name);
    }
    let units: Vec<_> = TimeUnit::ALL.iter().map(|unit| (unit.as_str(), *unit)).collect();
    let (duration, unit) = (fields.opt_u32("duration"), fields.opt_choice("unit", &units));
    let anchors = [
        "WORKFLOW_STARTED",
        "TASK_FINISHED",
        "PHASE_FINISHED",
        "A_PRECEDING_TASK_COMPLETED",
        "ALL_PRECEDING_TASKS_COMPLETED",
    ]
    .map(|word| (word, word));
    let anchor = match fields.opt_choice("type", &anchors)? {
        "TASK_FINISHED" => DueAnchor::TaskFinished { task_id: NodeId::new(fields.text("task_id")) },
        "PHASE_FINISHED" => DueAnchor::PhaseFinished { phase_id: NodeId::new(fields.text("phase_id")) },
        "A_PRECEDING_TASK_COMPLETED" => DueAnchor::APrecedingTaskCompleted,
        "ALL_PRECEDING_TASKS_COMPLETED" => DueAnchor::AllPrecedingTasksCompleted,
        _ => DueAnchor::WorkflowStarted,
    };
    Some(DueDateConfig { duration: duration?, unit: unit?, anchor })
}

/// `assigned_to`: user ids or `{variable}`, which the engine resolves. None when absent.
pub(super) fn assigned_to(fields: &Fields<'_>) -> Option<Vec<Assignee>> {
    fields.get("assigned_to")?;
    let mut assignees = Vec::new();
    for (at, item) in fields.items("assigned_to") {
        let variable = item.get("variable").and_then(Value::as_str);
        match (item.as_str(), variable) {
            (Some(user), _) if !user.is_empty() => assignees.push(Assignee::User(user.to_owned())),
            (_, Some(variable)) => {
                assignees.push(Assignee::Variable { variable: variable.to_owned(), value: Vec::new() });
            }
            _ => fields.fault_at(at, "must be a user id or {\"variable\": …}"),
        }
    }
    Some(assignees)
}

/// `contexts`, at least one. None when absent.
pub(super) fn contexts(fields: &Fields<'_>) -> Option<Vec<Context>> {
    fields.get("contexts")?;
    let items = fields.object_items("contexts");
    if items.is_empty() && fields.get("contexts").is_some_and(Value::is_array) {
        fields.fault("contexts", "must have at least one entry");
    }
    let context = |item: Fields<'_>| Context {
        is_primary: item.opt_bool("is_primary").unwrap_or(false),
        ..Context::new(some_text(&item, "entity_schema"), some_text(&item, "entity_id"))
    };
    let contexts: Vec<Context> = items.into_iter().flatten().map(context).collect();
    if contexts.iter().filter(|c| c.is_primary).count() > 1 {
        fields.fault("contexts", "may have only one entry with is_primary");
    }
    Some(contexts)
}

/// A text that must be there and not be empty; "" after a fault.
pub(super) fn some_text(fields: &Fields<'_>, name: &str) -> String {
    let text = fields.text(name);
    if text.is_empty() && fields.get(name).is_some_and(Value::is_string) {
        fields.fault(name, "must not be empty");
    }
    text
}

/// `description`.
pub(super) fn description(fields: &Fields<'_>) -> Option<Description> {
    let fields = fields.opt_object("description")?;
    let message = format!("must be a text of at most {MAX_DESCRIPTION} characters");
    let fits = |text: &&str| text.chars().count() <= MAX_DESCRIPTION;
    let value = fields.typed("value", &message, |v| v.as_str().filter(fits).map(str::to_owned));
    Some(Description { enabled: fields.opt_bool("enabled"), value })
}

/// An object that is only carried, without `null`s.
pub(super) fn carried(fields: &Fields<'_>, name: &str) -> Option<Value> {
    fields.opt_object(name)?;
    fields.get(name).map(super::members::without_nulls)
}
