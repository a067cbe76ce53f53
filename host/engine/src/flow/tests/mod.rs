//! Templates are written as the JSON clients send; task ids are found again by their template ids.

mod automations;
mod checks;
mod decisions;
mod due_dates;
mod executions;
mod graph;
mod loops;
mod operands;
mod outline;
mod properties;
mod reverts;
mod schedules;
mod structure;
mod sync;
mod transitions;

use super::*;
use crate::outcome::EntityRef;
use crate::{Actor, NodeId, Timestamp};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;

pub struct Counter(Cell<u32>);

impl Ids for Counter {
    fn fresh(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("id{:06}", self.0.get())
    }
}

/// A flow with its clock.
pub struct Bench {
    pub flow: Flow,
    pub events: Vec<FlowHistory>,
    pub effects: Vec<Effect>,
    pub now: i64,
    pub entities: Entities,
    ids: Counter,
    actor: Actor,
}

pub fn template(document: Value) -> Template {
    let template: Template = serde_json::from_value(document).unwrap();
    assert_eq!(template.check(), []);
    template
}

/// A template of manual tasks with these edges; further members are merged in.
pub fn manual(tasks: &[&str], edges: &[(&str, &str)]) -> Value {
    let tasks: Vec<Value> = tasks.iter().map(|id| json!({"id": id, "name": id, "task_type": "MANUAL"})).collect();
    json!({"name": "test", "tasks": tasks, "edges": edges_of(edges)})
}

pub fn edges_of(edges: &[(&str, &str)]) -> Vec<Value> {
    edges.iter().map(|(a, b)| json!({"id": format!("{a}-{b}"), "from_id": a, "to_id": b})).collect()
}

pub fn contract() -> EntityRef {
    EntityRef { schema: "contract".into(), id: "c1".into() }
}

pub fn entity(attributes: Value) -> EntitySnapshot {
    EntitySnapshot { version: 1, attributes: attributes.as_object().unwrap().clone() }
}

pub fn args() -> StartFlow {
    StartFlow {
        id: "flow0001".into(),
        flow_template_id: "template".into(),
        contexts: vec![Context {
            entity_id: "c1".into(),
            entity_schema: "contract".into(),
            is_primary: false,
            title: None,
        }],
        about_nothing: false,
        trigger: FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None },
        purposes: vec![],
        chain: None,
        configured_reasons: vec![],
        assigned_to: vec![],
        pins: BTreeMap::new(),
    }
}

pub fn try_start(document: Value, args: StartFlow, entities: Entities) -> Result<Bench, FlowError> {
    let ids = Counter(Cell::new(0));
    let actor = Actor::System;
    let env = Env { now: Timestamp::from_secs(0), actor: &actor, jitter: 0.5, ids: &ids, entities: &entities };
    let t = start(&template(document), args, &env)?;
    Ok(Bench { flow: t.next, events: t.events, effects: t.effects, now: 0, entities, ids, actor })
}

pub fn begin(document: Value) -> Bench {
    try_start(document, args(), Entities::new()).unwrap()
}

impl Bench {
    /// Applies a command; the flow stays as it is when it is refused.
    pub fn apply(&mut self, command: Command) -> Result<(), FlowError> {
        let now = Timestamp::from_secs(self.now);
        let env = Env { now, actor: &self.actor, jitter: 0.5, ids: &self.ids, entities: &self.entities };
        let t = apply(&self.flow, command, &env)?;
        self.events = t.events;
        self.effects = t.effects;
        self.flow = t.next;
        Ok(())
    }

    pub fn id(&self, template_id: &str) -> NodeId {
        let id = NodeId::new(template_id);
        let phase = || self.flow.phase_by_any_id(&id).map(|p| p.id.clone());
        self.flow.task_by_any_id(&id).map(|t| t.id.clone()).or_else(phase).unwrap_or(id)
    }

    pub fn task(&self, template_id: &str) -> &Task {
        self.flow.task_by_any_id(&NodeId::new(template_id)).unwrap()
    }

    pub fn status(&self, template_id: &str) -> TaskStatus {
        self.task(template_id).status
    }

    pub fn patch(&mut self, task: &str, patch: TaskPatch) -> Result<(), FlowError> {
        self.apply(Command::PatchTask { task: self.id(task), patch: Box::new(patch) })
    }

    pub fn set(&mut self, task: &str, status: TaskStatus) -> Result<(), FlowError> {
        self.patch(task, TaskPatch { status: Some(status), ..TaskPatch::default() })
    }

    pub fn complete(&mut self, task: &str) {
        self.set(task, TaskStatus::Completed).unwrap();
    }

    pub fn choose(&mut self, task: &str, condition: &str) -> Result<(), FlowError> {
        let next_condition_id = Some(condition.to_owned());
        self.patch(task, TaskPatch { status: Some(TaskStatus::Completed), next_condition_id, ..TaskPatch::default() })
    }

    pub fn flow_status(&mut self, status: StatusName) -> Result<(), FlowError> {
        self.apply(Command::PatchFlow(FlowPatch { status: Some(status), ..FlowPatch::default() }))
    }

    /// Template ids of the frontier.
    pub fn current(&self) -> Vec<&str> {
        self.flow.crt_tasks.iter().map(|c| self.flow.task(&c.id).unwrap().template_id.as_str()).collect()
    }

    pub fn work(&self) -> Vec<Work> {
        self.flow.work().collect()
    }

    /// Answers the evaluation of a decision.
    pub fn verdicts(&mut self, task: &str, met: &[bool]) -> Result<(), FlowError> {
        let result = Ok(met.iter().map(|&met| Verdict { met, explain: String::new() }).collect());
        let (task, attempt) = (self.id(task), self.task(task).attempt);
        self.apply(Command::DecisionEvaluated { task, attempt, result })
    }

    pub fn names(&self) -> Vec<&str> {
        self.events.iter().map(|e| e.event.as_str()).collect()
    }
}

/// An automatic decision with one statement per branch.
pub fn decision(id: &str, branches: &[&str]) -> Value {
    let conditions: Vec<Value> = branches.iter().map(|b| condition(b)).collect();
    json!({"id": id, "name": id, "task_type": "DECISION", "trigger_mode": "automatic", "conditions": conditions})
}

pub fn condition(id: &str) -> Value {
    json!({"id": id, "branch_name": id, "logical_operator": "AND", "statements": [
        {"id": "s", "source": {"attribute": "x", "attribute_type": "string"}, "operator": "equals", "values": ["1"]}
    ]})
}

pub fn bare(id: &str) -> Value {
    json!({"id": id, "branch_name": id, "statements": []})
}

pub fn branch(from: &str, to: &str, condition: &str) -> Value {
    json!({"id": format!("{from}-{condition}-{to}"), "from_id": from, "to_id": to, "condition_id": condition})
}

pub fn none_met(from: &str, to: &str) -> Value {
    json!({"id": format!("{from}-none-{to}"), "from_id": from, "to_id": to, "none_met": true})
}
