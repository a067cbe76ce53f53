//! What a definition must look like, as far as nobody has to be asked.

use super::DefinitionDraft;
use crate::error::FieldFault;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use stepwright_engine::cron::{CronSchedule, check_timezone};
use stepwright_engine::flow::Template;
use stepwright_engine::{Dialect, RawJson, Trigger};

/// Nodes of one definition.
pub(super) const MAX_NODES: usize = 500;
/// Edges of one definition.
const MAX_EDGES: usize = 2_000;

/// A member that is null is as good as absent (source: contracts/README.md 0.2).
pub(super) fn without_nulls(config: RawJson) -> RawJson {
    match config.to_value() {
        Value::Object(mut members) if members.values().any(Value::is_null) => {
            members.retain(|_, value| !value.is_null());
            RawJson::from(Value::Object(members))
        }
        _ => config,
    }
}

pub(super) fn head_faults(draft: &DefinitionDraft, tenant_zone: &str) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    // A template has rules of its own for its name.
    let named = draft.dialect == Dialect::Epilot || (1..=200).contains(&draft.name.trim().chars().count());
    if !named {
        faults.push(FieldFault::new("/name", "must have 1 to 200 characters"));
    }
    if draft.nodes.len() > MAX_NODES {
        faults.push(FieldFault::new("/nodes", format!("must have at most {MAX_NODES} nodes")));
    }
    if draft.edges.len() > MAX_EDGES {
        faults.push(FieldFault::new("/edges", format!("must have at most {MAX_EDGES} edges")));
    }
    for (i, node) in draft.nodes.iter().enumerate() {
        if node.id.len() > 100 {
            faults.push(FieldFault::new(format!("/nodes/{i}/id"), "must have at most 100 bytes"));
        }
        if node.max_retries > 100 {
            faults.push(FieldFault::new(format!("/nodes/{i}/max_retries"), "must be at most 100"));
        }
    }
    let zone_fault = draft.timezone.as_deref().and_then(|zone| check_timezone(zone).err());
    if let Some(error) = &zone_fault {
        faults.push(FieldFault::new("/timezone", error.to_string()));
    }
    match &draft.trigger {
        Trigger::Schedule { cron } => {
            // A zone that is none must not hide what is wrong with the expression.
            let zone = if zone_fault.is_some() { "UTC" } else { draft.timezone.as_deref().unwrap_or(tenant_zone) };
            if let Err(error) = CronSchedule::parse(cron, zone) {
                faults.push(FieldFault::new("/trigger/cron", error.to_string()));
            }
        }
        Trigger::Event { event } if event.is_empty() || event.len() > 100 => {
            faults.push(FieldFault::new("/trigger/event", "must have 1 to 100 bytes"));
        }
        Trigger::Event { .. } | Trigger::Manual => {}
    }
    faults
}

/// Everything wrong with the template of flows that a definition's presentation holds; pointers below the template.
pub(super) fn template_faults(presentation: &RawJson) -> Vec<FieldFault> {
    match presentation.read::<Template>() {
        Ok(template) => template.check().into_iter().map(|f| FieldFault::new(f.path, f.detail)).collect(),
        Err(error) => vec![FieldFault::new("", format!("is no flow template: {error}"))],
    }
}

pub(crate) fn schema_faults(schema: &RawJson, config: &RawJson) -> Vec<FieldFault> {
    let validator = match jsonschema::validator_for(&schema.to_value()) {
        Ok(validator) => validator,
        Err(error) => {
            return vec![FieldFault::new("/config", format!("the step's own JSON Schema is broken: {error}"))];
        }
    };
    validator
        .iter_errors(&config.to_value())
        .take(20)
        .map(|error| {
            let at = format!("/config{}", error.instance_path());
            match error.kind() {
                // The fault lies where the member is missing, not in the object around it.
                ValidationErrorKind::Required { property: Value::String(name) } => {
                    FieldFault::new(format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), "is required")
                }
                _ => FieldFault::new(at, error.to_string()),
            }
        })
        .collect()
}
