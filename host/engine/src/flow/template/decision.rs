//! Structural errors of one decision.

use super::check::Faults;
use super::{Template, TemplateTask};
use crate::flow::vocab::{AttributeOperation, TriggerMode};
use crate::flow::{Condition, DecisionSpec, Source};
use std::collections::HashSet;

const LONGEST_BRANCH_NAME: usize = 255;
const MOST_ATTRIBUTES: usize = 10;
/// Bounds of a loop's turns.
const ITERATIONS: std::ops::RangeInclusive<u32> = 1..=10;

impl Template {
    pub(super) fn check_decision(&self, i: usize, task: &TemplateTask, decision: &DecisionSpec, faults: &mut Faults) {
        let mut seen = HashSet::new();
        for (c, condition) in decision.conditions.iter().enumerate() {
            let path = format!("/tasks/{i}/conditions/{c}");
            if !seen.insert(condition.id.as_str()) {
                faults.add(format!("{path}/id"), format!("'{}' is used by another condition", condition.id));
            }
            if condition.branch_name.chars().count() > LONGEST_BRANCH_NAME {
                faults
                    .add(format!("{path}/branch_name"), format!("must have at most {LONGEST_BRANCH_NAME} characters"));
            }
            match decision.trigger_mode {
                TriggerMode::Automatic => {
                    let never_evaluated = decision.is_exit(&condition.id) || self.is_default_branch(task, condition);
                    if condition.is_empty() && !never_evaluated {
                        faults.add(format!("{path}/statements"), "an automatic decision needs at least one statement");
                    }
                }
                TriggerMode::Manual => {
                    if !condition.is_empty() {
                        faults.add(format!("{path}/statements"), "a manual decision has no statements");
                    }
                }
            }
            for (s, statement) in condition.statements.iter().enumerate() {
                check_source(&format!("{path}/statements/{s}/source"), &statement.source, faults);
            }
        }
        if self.branches(task, decision) < 2 {
            faults.add(format!("/tasks/{i}/conditions"), "a decision needs at least 2 branches");
        }
        self.check_loop(i, decision, faults);
    }

    /// Whether a condition only names the default branch.
    fn is_default_branch(&self, task: &TemplateTask, condition: &Condition) -> bool {
        self.edges
            .iter()
            .any(|e| e.none_met && e.from_id == task.id && e.condition_id.as_deref() == Some(condition.id.as_str()))
    }

    /// Conditions, and a default branch that is no condition.
    fn branches(&self, task: &TemplateTask, decision: &DecisionSpec) -> usize {
        let named = |id: Option<&String>| id.is_some_and(|id| decision.condition(id).is_some());
        let default = self.edges.iter().any(|e| e.none_met && e.from_id == task.id && !named(e.condition_id.as_ref()));
        decision.conditions.len() + usize::from(default)
    }

    fn check_loop(&self, i: usize, decision: &DecisionSpec, faults: &mut Faults) {
        let Some(config) = &decision.loop_config else { return };
        let path = format!("/tasks/{i}/loop_config");
        let branches = [("loop_branch_id", &config.loop_branch_id), ("exit_branch_id", &config.exit_branch_id)];
        for (name, id) in branches {
            if decision.condition(id).is_none() {
                faults.add(format!("{path}/{name}"), format!("no condition has the id '{id}'"));
            }
        }
        if config.loop_branch_id == config.exit_branch_id {
            faults.add(format!("{path}/exit_branch_id"), "must differ from loop_branch_id");
        }
        if !ITERATIONS.contains(&config.max_iterations) {
            faults.add(format!("{path}/max_iterations"), "must be from 1 to 10");
        }
    }
}

fn check_source(path: &str, source: &Source, faults: &mut Faults) {
    if source.attributes.len() > MOST_ATTRIBUTES {
        faults.add(format!("{path}/attributes"), format!("must be at most {MOST_ATTRIBUTES}"));
    }
    if source.attributes.len() < 2 {
        return;
    }
    let operation = !matches!(source.attribute_operation, None | Some(AttributeOperation::All));
    let excluded = [
        (source.attribute_sub_field.is_some(), "attribute_sub_field"),
        (source.date_offset.is_some(), "date_offset"),
        (operation, "attribute_operation"),
    ];
    for (_, name) in excluded.iter().filter(|(given, _)| *given) {
        faults.add(format!("{path}/{name}"), "cannot be combined with several attributes");
    }
}
