//! From what clients of V1 send to the flow engine's commands.

use crate::epilot::translate::flow_members::{self, due_date, name, some_text, task_status};
use crate::epilot::translate::members::{list, required, without_nulls};
use crate::epilot::translate::v1::words::{assignees, due_date_config};
use crate::kit::{ApiResult, Faults, Fields};
use serde_json::Value;
use stepwright_engine::NodeId;
use stepwright_engine::flow::vocab::TriggerMode;
use stepwright_engine::flow::{
    Assignee, AutomationConfig, AutomationSpec, Context, Description, FlowPatch, NewTask, Place, StatusName, Task,
    TaskPatch, TaskSpec, TriggerType,
};

const STATUSES: [(&str, StatusName); 3] =
    [("STARTED", StatusName::Started), ("DONE", StatusName::Done), ("CLOSED", StatusName::Closed)];

/// An execution to be started.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct NewExecution {
    pub workflow_id: String,
    pub trigger: TriggerType,
    pub assigned_to: Vec<Assignee>,
    pub contexts: Vec<Context>,
    pub purposes: Vec<String>,
}

/// A step to be added.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct NewStep {
    pub place: Place,
    pub task: NewTask,
}

/// Changes of a step.
#[derive(Debug, Default, PartialEq)]
pub(in crate::epilot) struct SentStep {
    pub patch: TaskPatch,
    /// The automation it is to run.
    pub automation: Option<String>,
}

/// Reads an execution to be started.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn new_execution(body: &Value) -> ApiResult<NewExecution> {
    reading(body, |fields, _| NewExecution {
        workflow_id: fields.text("workflowId"),
        trigger: fields
            .opt_choice("trigger", &[("MANUAL", TriggerType::Manual), ("AUTOMATIC", TriggerType::Automatic)])
            .unwrap_or(TriggerType::Manual),
        assigned_to: assignees(fields),
        contexts: contexts(fields),
        purposes: fields.texts("purposes"),
    })
}

/// Reads changes of an execution.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn execution_patch(body: &Value) -> ApiResult<FlowPatch> {
    reading(body, |fields, faults| FlowPatch {
        status: fields.opt_choice("status", &STATUSES),
        assigned_to: fields.get("assignedTo").map(|_| assignees(fields)),
        selected_reasons: fields.get("selectedClosingReasons").map(|_| list(fields, "selectedClosingReasons", faults)),
        extra_description: fields.opt_text("closingReasonDescription"),
        due_date: due_date(fields, "dueDate"),
        due_date_config: due_date_config(fields),
        contexts: fields.get("contexts").map(|_| contexts(fields)),
        closed_by: fields.opt_text("closedBy"),
        completed_at: fields.opt_instant("completedTime"),
    })
}

/// Reads a step to be added. Its index is 0 unless it is given.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn new_step(body: &Value) -> ApiResult<NewStep> {
    reading(body, |fields, _| {
        let machine = fields.opt_choice("executionType", &[("MANUAL", false), ("AUTOMATION", true)]).unwrap_or(false);
        let config = fields.opt_object("automationConfig");
        if machine && config.is_none() {
            required(fields, "automationConfig");
        }
        let flow_id = config.map(|config| config.text("flowId")).unwrap_or_default();
        let kind = if machine {
            TaskSpec::Automation(AutomationSpec {
                automation_config: AutomationConfig { flow_id, input_context: None },
                trigger_mode: TriggerMode::Automatic,
                schedule: None,
            })
        } else {
            TaskSpec::Manual
        };
        required(fields, "name");
        let name = name(fields).unwrap_or_default();
        let task =
            NewTask { status: task_status(fields), description: description(fields), kind, ..NewTask::manual(name) };
        NewStep { place: Place { index: index(fields, "insertionIndex"), phase: section(fields) }, task }
    })
}

/// Reads changes of a step. The ids in the body are not looked at: the path names the step.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn step_patch(body: &Value) -> ApiResult<SentStep> {
    reading(body, |fields, _| {
        let assigned = fields.get("assignedTo").or_else(|| fields.get("userIds"));
        let place = fields.opt_object("position").map(|position| {
            required(&position, "index");
            Place { index: index(&position, "index"), phase: section(&position) }
        });
        let patch = TaskPatch {
            name: name(fields),
            status: task_status(fields),
            due_date: due_date(fields, "dueDate"),
            due_date_config: due_date_config(fields),
            assigned_to: assigned.map(|_| assignees(fields)),
            description: description(fields),
            in_progress_by: fields.opt_text("assignedToInProgress"),
            on_hold_by: fields.opt_text("assignedToOnHold"),
            started_at: fields.opt_instant("startedTime"),
            completed_at: fields.opt_instant("completedTime"),
            entity_ref: fields.opt_text("entityRefId"),
            place,
            ..TaskPatch::default()
        };
        SentStep { patch, automation: fields.opt_object("automationConfig").map(|config| config.text("flowId")) }
    })
}

impl SentStep {
    /// The patch for this task: another automation runs on the same entity as before.
    pub(in crate::epilot) fn of(self, task: &Task) -> TaskPatch {
        let input_context = task.automation().and_then(|a| a.spec.automation_config.input_context.clone());
        let automation_config = self.automation.map(|flow_id| AutomationConfig { flow_id, input_context });
        TaskPatch { automation_config, ..self.patch }
    }
}

fn reading<T>(body: &Value, read: impl FnOnce(&Fields<'_>, &Faults) -> T) -> ApiResult<T> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let read = read(&Fields::of(&body, &faults)?, &faults);
    faults.or(read)
}

/// A title may be missing: it is the entity's then.
fn contexts(fields: &Fields<'_>) -> Vec<Context> {
    let context = |context: Fields<'_>| Context {
        title: context.opt_text("title"),
        ..Context::new(some_text(&context, "schema"), some_text(&context, "id"))
    };
    fields.object_items("contexts").into_iter().flatten().map(context).collect()
}

/// V1 wants both members.
fn description(fields: &Fields<'_>) -> Option<Description> {
    if let Some(sent) = fields.opt_object("description") {
        for name in ["enabled", "value"] {
            required(&sent, name);
        }
    }
    flow_members::description(fields)
}

fn index(fields: &Fields<'_>, name: &str) -> usize {
    // `1.0` is the same number in JSON.
    let whole =
        |v: &Value| v.as_u64().or_else(|| v.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
    let index = fields.typed(name, "must be a whole number from 0", whole);
    usize::try_from(index.unwrap_or(0)).unwrap_or(usize::MAX)
}

fn section(fields: &Fields<'_>) -> Option<NodeId> {
    fields.opt_text("sectionId").map(NodeId::new)
}
