//! Reading a body member by member, so that one answer lists every fault.

use super::{Faults, Spec};
use crate::kit::{self, ApiResult, Fields};
use crate::softsolz::wire::{Word, WorkflowStep};
use serde_json::{Value, json};

/// Lays what was sent over `spec`, and tells what could not be read. `null` clears what can be null and counts as
/// absent elsewhere (source: contracts/README.md 0.2).
///
/// # Errors
/// `Invalid` when the body is no object.
pub(super) fn overlay(spec: &mut Spec, body: &Value) -> ApiResult<Faults> {
    let faults = kit::Faults::new();
    let body = Fields::of(body, &faults)?;
    if let Some(name) = body.opt_text("name") {
        spec.name = name.trim().to_owned();
    }
    if body.is_null("description") {
        spec.description = None;
    }
    if let Some(description) = body.opt_text("description") {
        spec.description = Some(description);
    }
    match either(&body, "cron_expression", "schedule") {
        Sent::Absent => {}
        Sent::Null => spec.cron_expression = None,
        Sent::Value(Value::String(cron)) => spec.cron_expression = Some(cron.clone()),
        Sent::Value(_) => body.fault("cron_expression", "must be a text"),
    }
    if let Some(timezone) = body.opt_text("timezone") {
        spec.timezone = timezone;
    }
    word(&body, "trigger_type", &mut spec.trigger_type);
    word(&body, "status", &mut spec.status);
    word(&body, "visibility", &mut spec.visibility);
    ids(&body, "shared_user_ids", &mut spec.shared_user_ids);
    ids(&body, "shared_role_ids", &mut spec.shared_role_ids);
    if body.get("steps").is_some() {
        spec.steps = body.items("steps").into_iter().map(|(at, step)| read_step(step, at, &faults)).collect();
    }
    Ok(faults.into())
}

/// What was sent for a member.
#[derive(Clone, Copy, PartialEq)]
enum Sent<'a> {
    Absent,
    Null,
    Value(&'a Value),
}

fn sent<'a>(fields: &Fields<'a>, name: &str) -> Sent<'a> {
    match fields.get(name) {
        Some(value) => Sent::Value(value),
        None if fields.is_null(name) => Sent::Null,
        None => Sent::Absent,
    }
}

/// A member with another spelling; sent in both it must say the same in both.
fn either<'a>(fields: &Fields<'a>, name: &str, other: &str) -> Sent<'a> {
    match (sent(fields, name), sent(fields, other)) {
        (one, Sent::Absent) => one,
        (Sent::Absent, two) => two,
        // Who writes every member of an object writes the other spelling as null.
        (one, Sent::Null) => one,
        (Sent::Null, two) => two,
        (one, two) => {
            if one != two {
                fields.fault(name, format!("differs from {other}, which is the same member"));
            }
            one
        }
    }
}

fn word<T: Word>(fields: &Fields<'_>, name: &str, to: &mut T) {
    if let Some(word) = fields.opt_choice(name, T::CHOICES) {
        *to = word;
    }
}

fn ids(fields: &Fields<'_>, name: &str, to: &mut Vec<Value>) {
    let is_id = |v: &Value| v.is_string() || v.is_i64() || v.is_u64();
    let read = |v: &Value| v.as_array().filter(|ids| ids.iter().all(is_id)).cloned();
    if let Some(ids) = fields.typed(name, "must be an array of texts and integers", read) {
        *to = ids;
    }
}

/// A step; one that cannot be read keeps its place, without a type.
fn read_step(step: &Value, at: String, faults: &kit::Faults) -> WorkflowStep {
    let mut read = WorkflowStep { step_type: String::new(), step_config: json!({}) };
    let Some(step) = Fields::at(step, at, faults) else { return read };
    match either(&step, "step_type", "type") {
        Sent::Value(Value::String(step_type)) => read.step_type = step_type.clone(),
        Sent::Value(_) => step.fault("step_type", "must be a text"),
        Sent::Absent | Sent::Null => step.fault("step_type", "is required"),
    }
    match either(&step, "step_config", "config") {
        Sent::Value(config @ Value::Object(_)) => read.step_config = config.clone(),
        Sent::Value(_) => step.fault("step_config", "must be an object"),
        Sent::Absent | Sent::Null => {}
    }
    read
}
