//! From a V1 definition to a template.

use super::words::{assignees, due_date_config};
use crate::epilot::translate::members::{list, one, required, without_nulls};
use crate::kit::{ApiError, ApiResult, Faults, Fields};
use serde_json::{Map, Value, json};
use stepwright_app::usecases::{TemplateDocument, TemplateDraft, TemplateVersion};
use stepwright_app::{AppError, FieldFault};
use stepwright_engine::NodeId;
use stepwright_engine::flow::vocab::TriggerMode;
use stepwright_engine::flow::{
    AutomationConfig, AutomationSpec, Edge, Requirement, TaskSpec, Template, TemplatePhase, TemplateTask,
};

/// A V1 definition as a client sends it, compiled.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct SentV1 {
    draft: TemplateDraft,
    places: Places,
}

/// Where tasks and phases stand in the body.
#[derive(Clone, Debug, Default, PartialEq)]
struct Places {
    tasks: Vec<String>,
    phases: Vec<String>,
}

/// An item of `flow`, in order.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Step,
    Section,
}

/// Reads a V1 definition; `fresh` makes ids for sections and steps that have none.
///
/// # Errors
/// `Invalid` with every member that cannot be read, or else with every structural error.
pub(in crate::epilot) fn definition(body: &Value, fresh: &mut dyn FnMut() -> String) -> ApiResult<SentV1> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    let mut flow = Flow { faults: &faults, fresh, phases: Vec::new(), tasks: Vec::new(), places: Places::default() };
    flow.read(&fields);
    let Flow { phases, tasks, places, .. } = flow;
    let mut carried = Map::new();
    for name in ["dueDate", "_manifest"] {
        if let Some(value) = fields.get(name) {
            carried.insert(if name == "dueDate" { "due_date" } else { name }.into(), value.clone());
        }
    }
    for (name, dates) in [
        ("phases", due_dates(phases.iter().map(|(_, due)| due))),
        ("tasks", due_dates(tasks.iter().map(|(_, due)| due))),
    ] {
        if let Some(dates) = dates {
            carried.insert(name.into(), dates);
        }
    }
    let tasks: Vec<TemplateTask> = tasks.into_iter().map(|(task, _)| task).collect();
    let template = Template {
        name: fields.text("name"),
        description: fields.opt_text("description"),
        enabled: fields.opt_bool("enabled").unwrap_or(true),
        trigger: None,
        additional_triggers: Vec::new(),
        phases: phases.into_iter().map(|(phase, _)| phase).collect(),
        edges: chain(&tasks),
        tasks,
        closing_reasons: list(&fields, "closingReasons", &faults),
        single_closing_reason_selection: fields.opt_bool("singleClosingReasonSelection").unwrap_or(false),
        entity_sync: Vec::new(),
        update_entity_attributes: list(&fields, "updateEntityAttributes", &faults),
        assigned_to: assignees(&fields),
        due_date_config: due_date_config(&fields),
        taxonomies: fields.texts("taxonomies"),
        available_in_ecp: fields.opt_bool("enableECPWorkflow").unwrap_or(false),
        linear: false,
    };
    faults.or(())?;
    let carried = if carried.is_empty() { Value::Null } else { Value::Object(carried) };
    let draft = TemplateDraft { version: TemplateVersion::V2, template, carried, enforce_limits: false };
    let sent = SentV1 { draft, places };
    sent.draft.check().map_err(|error| sent.in_own_words(error))?;
    Ok(sent)
}

impl SentV1 {
    /// The template of a new definition.
    pub(in crate::epilot) fn draft(&self) -> TemplateDraft {
        self.draft.clone()
    }

    /// The template instead of an existing one: what V1 cannot say stays as it is.
    pub(in crate::epilot) fn over(&self, current: &TemplateDocument) -> TemplateDraft {
        let mut draft = self.draft();
        let Template { trigger, additional_triggers, entity_sync, .. } = &current.template;
        draft.template.trigger.clone_from(trigger);
        draft.template.additional_triggers.clone_from(additional_triggers);
        draft.template.entity_sync.clone_from(entity_sync);
        draft
    }

    /// The application's refusal with the places of the V1 body.
    pub(in crate::epilot) fn in_own_words(&self, error: AppError) -> ApiError {
        match error {
            AppError::Invalid(mut faults) => {
                // The chain is made here: what is wrong with it follows from doubled ids, which are told by themselves.
                faults.retain(|fault| !fault.pointer.starts_with("/edges"));
                let own = |fault: FieldFault| FieldFault { pointer: self.places.own(&fault.pointer), ..fault };
                ApiError::Invalid(faults.into_iter().map(own).collect())
            }
            other => other.into(),
        }
    }
}

impl Places {
    fn own(&self, pointer: &str) -> String {
        let mut segments = pointer.splitn(4, '/').skip(1);
        let (list, number) = (segments.next(), segments.next().and_then(|n| n.parse::<usize>().ok()));
        let rest = segments.next().map_or_else(String::new, |rest| format!("/{rest}"));
        let place = match (list, number) {
            (Some("tasks"), Some(i)) => self.tasks.get(i).cloned(),
            (Some("phases"), Some(i)) => self.phases.get(i).cloned(),
            (Some("closing_reasons"), Some(i)) => Some(format!("/closingReasons/{i}")),
            (Some("tasks" | "phases"), _) => return "/flow".into(),
            _ => None,
        };
        place.map_or_else(|| pointer.to_owned(), |place| format!("{place}{rest}"))
    }
}

/// Sections and steps being read. Beside each stands its absolute due date, which is only carried.
struct Flow<'a, 'f> {
    faults: &'a Faults,
    fresh: &'f mut dyn FnMut() -> String,
    phases: Vec<(TemplatePhase, Option<Value>)>,
    tasks: Vec<(TemplateTask, Option<Value>)>,
    places: Places,
}

impl Flow<'_, '_> {
    fn read(&mut self, fields: &Fields<'_>) {
        required(fields, "flow");
        for (kind, at, item) in ordered(fields, "flow") {
            match kind {
                Kind::Section => self.section(&item, at),
                Kind::Step => self.step(&item, at, None),
            }
        }
    }

    fn section(&mut self, fields: &Fields<'_>, at: String) {
        let id = self.id(fields);
        let phase = TemplatePhase {
            id: id.clone(),
            name: fields.text("name"),
            due_date_config: due_date_config(fields),
            assigned_to: assignees(fields),
            taxonomies: fields.texts("taxonomies"),
        };
        self.phases.push((phase, fields.get("dueDate").cloned()));
        self.places.phases.push(at);
        required(fields, "steps");
        for (kind, at, item) in ordered(fields, "steps") {
            if kind == Kind::Section {
                item.fault("type", "must be STEP inside a section");
            }
            self.step(&item, at, Some(&id));
        }
    }

    fn step(&mut self, fields: &Fields<'_>, at: String, phase_id: Option<&NodeId>) {
        let task = TemplateTask {
            id: self.id(fields),
            name: fields.text("name"),
            description: one(fields, "description", self.faults),
            phase_id: phase_id.cloned(),
            requirements: fields
                .object_items("requirements")
                .into_iter()
                .flatten()
                .filter_map(|f| requirement(&f))
                .collect(),
            due_date_config: due_date_config(fields),
            assigned_to: assignees(fields),
            taxonomies: fields.texts("taxonomies"),
            ecp: fields.get("ecp").cloned(),
            installer: fields.get("installer").cloned(),
            partner: fields.get("partner").cloned(),
            journey: fields.get("journey").cloned(),
            kind: what(fields),
        };
        self.tasks.push((task, fields.get("dueDate").cloned()));
        self.places.tasks.push(at);
    }

    fn id(&mut self, fields: &Fields<'_>) -> NodeId {
        NodeId::new(fields.opt_text("id").filter(|id| !id.is_empty()).unwrap_or_else(|| (self.fresh)()))
    }
}

/// The items of a list by their `order`, with the place each stands in.
fn ordered<'a>(fields: &Fields<'a>, name: &str) -> Vec<(Kind, String, Fields<'a>)> {
    let kinds = [("STEP", Kind::Step), ("SECTION", Kind::Section)];
    let mut items = Vec::new();
    for (i, item) in fields.object_items(name).into_iter().enumerate() {
        let Some(item) = item else { continue };
        required(&item, "type");
        required(&item, "order");
        let order = item.typed("order", "must be a number", Value::as_f64).unwrap_or(0.0);
        let kind = item.opt_choice("type", &kinds).unwrap_or(Kind::Step);
        items.push((order, (kind, format!("{}/{i}", fields.pointer(name)), item)));
    }
    items.sort_by(|a, b| a.0.total_cmp(&b.0));
    items.into_iter().map(|(_, item)| item).collect()
}

fn what(fields: &Fields<'_>) -> TaskSpec {
    let automation = fields.opt_choice("executionType", &[("MANUAL", false), ("AUTOMATION", true)]).unwrap_or(false);
    if !automation {
        return TaskSpec::Manual;
    }
    required(fields, "automationConfig");
    let flow_id = fields.opt_object("automationConfig").map(|config| config.text("flowId")).unwrap_or_default();
    TaskSpec::Automation(AutomationSpec {
        automation_config: AutomationConfig { flow_id, input_context: None },
        trigger_mode: TriggerMode::Automatic,
        schedule: None,
    })
}

fn requirement(fields: &Fields<'_>) -> Option<Requirement> {
    let id = NodeId::new(fields.text("definitionId"));
    required(fields, "type");
    required(fields, "condition");
    fields.opt_choice("condition", &[("CLOSED", ())])?;
    match fields.opt_choice("type", &[("STEP", Kind::Step), ("SECTION", Kind::Section)])? {
        Kind::Step => Some(Requirement::TaskFinished { task_id: id }),
        Kind::Section => Some(Requirement::PhaseFinished { phase_id: id }),
    }
}

fn chain(tasks: &[TemplateTask]) -> Vec<Edge> {
    let edge = |(i, pair): (usize, &[TemplateTask])| Edge {
        id: format!("edge-{}", i + 1),
        from_id: pair[0].id.clone(),
        to_id: pair[1].id.clone(),
        condition_id: None,
        none_met: false,
    };
    tasks.windows(2).enumerate().map(edge).collect()
}

/// `[null, {"due_date": …}]`; none when there are only `null`s.
fn due_dates<'a>(dates: impl Iterator<Item = &'a Option<Value>>) -> Option<Value> {
    let dates: Vec<Value> =
        dates.map(|date| date.as_ref().map_or(Value::Null, |date| json!({ "due_date": date }))).collect();
    dates.iter().any(|date| !date.is_null()).then_some(Value::Array(dates))
}
