//! The rules of a whole workflow, whether it is made or changed (source: contracts/softsolz.md 1C.2, "Create body").
//! The application checks the rest: cron, zone and the steps' own configs.

use super::catalog::SEND_EMAIL;
use super::{Catalog, Faults, Spec};
use crate::softsolz::wire::{TriggerType, Visibility, WorkflowStep};
use serde_json::Value;
use std::ops::RangeInclusive;

const NAME_CHARS: RangeInclusive<usize> = 1..=120;
const MAX_DESCRIPTION_CHARS: usize = 500;
/// Steps of one workflow.
pub(super) const MAX_STEPS: usize = 50;

/// Notes every rule that `spec` breaks.
pub(super) fn check(spec: &Spec, catalog: &Catalog<'_>, faults: &mut Faults) {
    if !NAME_CHARS.contains(&spec.name.chars().count()) {
        faults.add("/name", "must have 1 to 120 characters");
    }
    if spec.description.as_ref().is_some_and(|d| d.chars().count() > MAX_DESCRIPTION_CHARS) {
        faults.add("/description", "must have at most 500 characters");
    }
    match (spec.trigger_type, &spec.cron_expression) {
        (TriggerType::Schedule, None) => {
            faults.add("/cron_expression", "is required when trigger_type is schedule");
        }
        (TriggerType::Manual, Some(_)) => {
            faults.add("/cron_expression", "must be null when trigger_type is manual");
        }
        (TriggerType::Schedule, Some(_)) | (TriggerType::Manual, None) => {}
    }
    let shared_with_nobody = spec.shared_user_ids.is_empty() && spec.shared_role_ids.is_empty();
    let sound = !faults.concerns("/shared_user_ids") && !faults.concerns("/shared_role_ids");
    if spec.visibility == Visibility::Shared && shared_with_nobody && sound {
        faults.add("/visibility", "shared needs at least one of shared_user_ids and shared_role_ids");
    }
    check_steps(&spec.steps, catalog, faults);
}

fn check_steps(steps: &[WorkflowStep], catalog: &Catalog<'_>, faults: &mut Faults) {
    if !(1..=MAX_STEPS).contains(&steps.len()) {
        faults.add("/steps", "must have 1 to 50 steps");
    }
    for (i, step) in steps.iter().enumerate() {
        if catalog.get(&step.step_type).is_none() {
            faults.add(format!("/steps/{i}/step_type"), format!("must be one of {}", catalog.choices()));
        }
    }
    // How steps go together can be told only when each is known.
    let known: Option<Vec<_>> = steps.iter().map(|s| catalog.get(&s.step_type)).collect();
    let Some(known) = known else { return };
    for (i, step) in known.iter().enumerate() {
        if step.requires_delivery && !known[i + 1..].iter().any(|s| s.delivers) {
            let message = format!("a {} must be followed by {}", step.id, catalog.deliveries());
            faults.add(format!("/steps/{i}/step_type"), message);
        }
        let says_something = ["body", "template"].iter().any(|m| is_given(&steps[i].step_config, m));
        let has_summary = known[..i].iter().any(|s| s.requires_delivery);
        if step.id == SEND_EMAIL && !says_something && !has_summary {
            let message = "is required unless template is given or a summary step comes before";
            faults.add(format!("/steps/{i}/step_config/body"), message);
        }
    }
}

fn is_given(config: &Value, member: &str) -> bool {
    match config.get(member) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}
