//! Structural errors of a template: every one at once, each with its place (source: contracts/epilot.md 1B.4).

use super::{InputContext, TaskSpec, Template};
use crate::NodeId;
use crate::flow::Schedule;
use std::collections::HashSet;

/// Tasks a template may have at most, whatever the limits say.
pub(in crate::flow) const MOST_TASKS: usize = 500;
const LONGEST_DESCRIPTION: usize = 5_000;
const LONGEST_TASK_DESCRIPTION: usize = 10_000;

/// A structural error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {detail}")]
pub struct TemplateFault {
    /// JSON pointer below the template.
    pub path: String,
    pub detail: String,
}

/// Gathers faults.
pub(super) struct Faults(pub(super) Vec<TemplateFault>);

impl Faults {
    pub(super) fn add(&mut self, path: impl Into<String>, detail: impl Into<String>) {
        self.0.push(TemplateFault { path: path.into(), detail: detail.into() });
    }
}

impl Template {
    /// Every structural error. A template without any can be started.
    pub fn check(&self) -> Vec<TemplateFault> {
        let mut faults = Faults(Vec::new());
        self.check_texts(&mut faults);
        self.check_ids(&mut faults);
        self.check_edges(&mut faults);
        for (i, task) in self.tasks.iter().enumerate() {
            if let TaskSpec::Decision(decision) = &task.kind {
                self.check_decision(i, task, decision, &mut faults);
            }
        }
        self.check_phases(&mut faults);
        self.check_cycles(&mut faults);
        faults.0
    }

    fn check_texts(&self, faults: &mut Faults) {
        if self.name.chars().count() < 3 {
            faults.add("/name", "must have at least 3 characters");
        }
        if self.description.as_ref().is_some_and(|d| d.chars().count() > LONGEST_DESCRIPTION) {
            faults.add("/description", format!("must have at most {LONGEST_DESCRIPTION} characters"));
        }
        if self.tasks.len() > MOST_TASKS {
            faults.add("/tasks", format!("must be at most {MOST_TASKS}"));
        }
        for (i, task) in self.tasks.iter().enumerate() {
            let text = task.description.as_ref().and_then(|d| d.value.as_ref());
            if text.is_some_and(|t| t.chars().count() > LONGEST_TASK_DESCRIPTION) {
                faults.add(
                    format!("/tasks/{i}/description/value"),
                    format!("must have at most {LONGEST_TASK_DESCRIPTION} characters"),
                );
            }
            let schedule = match &task.kind {
                TaskSpec::Automation(a) => a.schedule.as_ref(),
                TaskSpec::Decision(d) => d.schedule.as_ref(),
                TaskSpec::Manual | TaskSpec::AiAgent(_) => None,
            };
            if let Some(Schedule::Delayed { duration: 0, .. } | Schedule::Relative { duration: 0, .. }) = schedule {
                faults.add(format!("/tasks/{i}/schedule/duration"), "must be at least 1");
            }
            if let TaskSpec::Automation(a) = &task.kind {
                if a.automation_config.flow_id.is_empty() {
                    faults.add(format!("/tasks/{i}/automation_config/flow_id"), "must not be empty");
                }
                if let Some(InputContext::Task { task_id }) = &a.automation_config.input_context
                    && !self.tasks.iter().any(|t| &t.id == task_id)
                {
                    let path = format!("/tasks/{i}/automation_config/input_context/task_id");
                    faults.add(path, format!("no task has the id '{task_id}'"));
                }
            }
        }
    }

    fn check_ids(&self, faults: &mut Faults) {
        let mut seen = HashSet::new();
        let tasks = self.tasks.iter().enumerate().map(|(i, t)| (format!("/tasks/{i}/id"), &t.id));
        let phases = self.phases.iter().enumerate().map(|(i, p)| (format!("/phases/{i}/id"), &p.id));
        for (path, id) in tasks.chain(phases) {
            if id.as_str().is_empty() {
                faults.add(path, "must not be empty");
            } else if !seen.insert(id) || self.is_trigger(id) {
                faults.add(path, format!("'{id}' is used by another node"));
            }
        }
        let mut edges = HashSet::new();
        for (i, edge) in self.edges.iter().enumerate() {
            if !edges.insert(edge.id.as_str()) {
                faults.add(format!("/edges/{i}/id"), format!("'{}' is used by another edge", edge.id));
            }
        }
        let phases: HashSet<&NodeId> = self.phases.iter().map(|p| &p.id).collect();
        for (i, task) in self.tasks.iter().enumerate() {
            if let Some(phase) = task.phase_id.as_ref().filter(|id| !phases.contains(id)) {
                faults.add(format!("/tasks/{i}/phase_id"), format!("no phase has the id '{phase}'"));
            }
        }
    }

    fn check_edges(&self, faults: &mut Faults) {
        let known = |id: &NodeId| {
            self.is_trigger(id) || self.tasks.iter().any(|t| &t.id == id) || self.phases.iter().any(|p| &p.id == id)
        };
        for (i, edge) in self.edges.iter().enumerate() {
            for (end, id) in [("from_id", &edge.from_id), ("to_id", &edge.to_id)] {
                if !known(id) {
                    faults.add(format!("/edges/{i}/{end}"), format!("no node has the id '{id}'"));
                }
            }
            if self.is_trigger(&edge.to_id) {
                faults.add(format!("/edges/{i}/to_id"), "an edge cannot lead to the trigger");
            }
            let source = self.tasks.iter().find(|t| t.id == edge.from_id).map(|t| &t.kind);
            match (source, &edge.condition_id) {
                (Some(TaskSpec::Decision(decision)), Some(id)) => {
                    if decision.condition(id).is_none() && !edge.none_met {
                        faults.add(format!("/edges/{i}/condition_id"), format!("no condition has the id '{id}'"));
                    }
                }
                (_, Some(_)) => {
                    faults.add(format!("/edges/{i}/condition_id"), "only edges of a decision have a condition");
                }
                (_, None) => {}
            }
            if edge.none_met && !matches!(source, Some(TaskSpec::Decision(_))) {
                faults.add(format!("/edges/{i}/none_met"), "only edges of a decision have a default branch");
            }
        }
    }

    fn check_phases(&self, faults: &mut Faults) {
        let graph = self.graph();
        for (i, phase) in self.phases.iter().enumerate() {
            // By list place, so that a doubled id is told once and not as an odd phase too.
            if self.phases.iter().position(|p| p.id == phase.id) != Some(i) {
                continue;
            }
            let Some(node) = graph.node(&phase.id).filter(|&n| n >= graph.tasks()) else { continue };
            if graph.members(node).next().is_none() {
                faults.add(format!("/phases/{i}"), "has no task");
                continue;
            }
            let explicit: Vec<usize> = graph
                .arcs_out(node)
                .filter(|a| a.edge.is_some() && graph.phase_of(a.to) == Some(node))
                .map(|a| a.to)
                .collect();
            let starts = if explicit.is_empty() { graph.heads(node).len() } else { explicit.len() };
            if starts != 1 {
                faults.add(format!("/phases/{i}"), format!("must have exactly one start task, not {starts}"));
            }
        }
    }
}
