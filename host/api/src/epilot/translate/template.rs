//! V2 flow templates.

use super::carried::{carried, put_back};
use super::members::{list, one, read, required, without_nulls};
use crate::kit::{ApiResult, Faults, Fields};
use serde_json::{Value, json};
use stepwright_app::usecases::{StoredTemplate, TemplateDraft, TemplateVersion};
use stepwright_engine::Timestamp;
use stepwright_engine::flow::{Edge, Template};

const VERSIONS: [(&str, TemplateVersion); 3] =
    [("v1", TemplateVersion::V1), ("v2", TemplateVersion::V2), ("v3", TemplateVersion::V3)];

/// A template as a client sends it.
#[derive(Debug, PartialEq)]
pub(in crate::epilot) struct Sent {
    pub draft: TemplateDraft,
    /// When the template was last changed, as far as the client knows.
    pub seen: Option<Timestamp>,
}

/// Reads a template. `id`, `org_id`, `created_at` and `limit_warnings` are the host's and not looked at.
///
/// # Errors
/// `Invalid` with every member that cannot be read, or else with every structural error.
pub(in crate::epilot) fn template(body: &Value, enforce_limits: bool) -> ApiResult<Sent> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    for name in ["tasks", "edges"] {
        required(&fields, name);
    }
    let template = Template {
        name: fields.text("name"),
        description: fields.opt_text("description"),
        enabled: fields.opt_bool("enabled").unwrap_or(true),
        trigger: one(&fields, "trigger", &faults),
        additional_triggers: list(&fields, "additional_triggers", &faults),
        phases: list(&fields, "phases", &faults),
        tasks: list(&fields, "tasks", &faults),
        edges: edges(&fields, &faults),
        closing_reasons: list(&fields, "closing_reasons", &faults),
        single_closing_reason_selection: fields.opt_bool("singleClosingReasonSelection").unwrap_or(false),
        entity_sync: list(&fields, "entity_sync", &faults),
        update_entity_attributes: list(&fields, "update_entity_attributes", &faults),
        assigned_to: list(&fields, "assigned_to", &faults),
        due_date_config: one(&fields, "due_date_config", &faults),
        taxonomies: fields.texts("taxonomies"),
        available_in_ecp: fields.opt_bool("available_in_ecp").unwrap_or(false),
        linear: fields.opt_bool("linear").unwrap_or(false),
    };
    let usual = if template.linear { TemplateVersion::V2 } else { TemplateVersion::V3 };
    let version = fields.opt_choice("version", &VERSIONS).unwrap_or(usual);
    let seen = fields.opt_instant("updated_at");
    faults.or(())?;
    let carried = carried(&body, &json!(template));
    let draft = TemplateDraft { version, template, carried, enforce_limits };
    draft.check()?;
    Ok(Sent { draft, seen })
}

/// A branch that leads nowhere may be sent as an edge without an end; it means the same as no edge. Only the default
/// branch must lead somewhere.
fn edges(fields: &Fields<'_>, faults: &Faults) -> Vec<Edge> {
    let leads_nowhere = |item: &Value| item.is_object() && item.get("to_id").is_none() && item["none_met"] != true;
    fields
        .items("edges")
        .into_iter()
        .filter(|(_, item)| !leads_nowhere(item))
        .filter_map(|(at, item)| read(at, item, faults))
        .collect()
}

/// A template as shown.
pub(in crate::epilot) fn flow_template(stored: &StoredTemplate) -> Value {
    let (definition, document) = (&stored.definition, &stored.document);
    let mut shown = json!(document.template);
    put_back(&mut shown, &document.carried);
    shown["id"] = json!(document.id);
    shown["org_id"] = json!(definition.tenant_id);
    shown["version"] = json!(document.version);
    shown["created_at"] = json!(definition.created_at.to_rfc3339_millis());
    shown["updated_at"] = json!(definition.updated_at.to_rfc3339_millis());
    let warnings = document.template.limit_warnings();
    if !warnings.is_empty() {
        shown["limit_warnings"] = json!(warnings);
    }
    shown
}
