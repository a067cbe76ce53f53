//! The rules of a whole workflow, whether it is made or changed (source: contracts/softsolz.md 1C.2, "Create body").
//! The application checks the rest: cron, zone and the steps' own configs.

use super::catalog::SEND_EMAIL;
use super::{Catalog, Faults, Spec};
use crate::softsolz::wire::{TriggerType, Visibility, WorkflowStep};
use serde_json::Value;
use std::ops::RangeInclusive;
use stepwright_app::StepDescriptor;

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
    let types: Vec<Option<&StepDescriptor>> = steps.iter().map(|s| catalog.get(&s.step_type)).collect();
    for (i, step) in steps.iter().enumerate() {
        // What cannot be read might be anything, so a rule about other steps is broken only when all of them are known.
        let (before, behind) = (&types[..i], &types[i + 1..]);
        let Some(step_type) = types[i] else {
            faults.add(format!("/steps/{i}/step_type"), format!("must be one of {}", catalog.choices()));
            continue;
        };
        if step_type.requires_delivery && behind.iter().all(|s| s.is_some_and(|s| !s.delivers)) {
            let message = format!("a {} must be followed by {}", step_type.id, catalog.deliveries());
            faults.add(format!("/steps/{i}/step_type"), message);
        }
        let says_something = ["body", "template"].iter().any(|member| is_given(&step.step_config, member));
        let no_summary = before.iter().all(|s| s.is_some_and(|s| !s.requires_delivery));
        if step_type.id == SEND_EMAIL && !says_something && no_summary {
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
