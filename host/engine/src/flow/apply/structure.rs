//! Changes of a running flow's graph: adding, moving and taking away tasks.

use super::Work;
use crate::NodeId;
use crate::flow::bridge::{bridge, ways_on};
use crate::flow::task::Analytics;
use crate::flow::template::MOST_TASKS;
use crate::flow::vocab::TaskStatus;
use crate::flow::{DecisionSpec, Edge, FlowError, FlowEvent, NewTask, Place, Task, TaskPatch};
use std::borrow::Borrow;

impl Work<'_> {
    /// V2 `addTask` (source: contracts/epilot.md 2B "addTask").
    pub(super) fn add_task(&mut self, previous: &NodeId, next: Option<&NodeId>, new: NewTask) -> Result<(), FlowError> {
        self.require_started()?;
        for id in [Some(previous), next].into_iter().flatten() {
            self.graph.node(id).ok_or_else(|| FlowError::UnknownTask(id.clone()))?;
        }
        let at = match next {
            Some(next) => {
                let joins = |e: &Edge| &e.from_id == previous && &e.to_id == next;
                let missing = || FlowError::invalid("no edge leads from previous_task_id to next_task_id");
                Some(self.next.edges.iter().position(joins).ok_or_else(missing)?)
            }
            None => None,
        };
        let before = self.next.task(previous).and_then(|t| t.phase_id.clone());
        let (status, enabled) = (new.status, new.enabled);
        let id = self.create(new, before)?;
        match (at, next) {
            (Some(at), Some(next)) => {
                self.next.edges[at].to_id = id.clone();
                self.link(id.clone(), next.clone());
            }
            (None, _) | (_, None) => self.link(previous.clone(), id.clone()),
        }
        self.relink();
        self.take_place(&id, next.as_slice());
        self.settle_new(&id, status, enabled)
    }

    /// V1 `createStep`.
    pub(super) fn insert_task(&mut self, place: &Place, new: NewTask) -> Result<(), FlowError> {
        self.require_started()?;
        self.require_phase(place)?;
        let (status, enabled) = (new.status, new.enabled);
        let id = self.create(NewTask { phase_id: place.phase.clone(), ..new }, None)?;
        let next = self.put(&id, place);
        self.take_place(&id, &next);
        self.settle_new(&id, status, enabled)
    }

    /// V1 `position`. A current task that nobody has touched lets the flow go on to what has come before it now; any
    /// other current task stays current, and one the flow has gone past stays so.
    pub(super) fn move_task(&mut self, id: &NodeId, place: &Place) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        self.require_phase(place)?;
        if self.stands_at(number, place) {
            return Ok(());
        }
        let decision = self.task(number).decision().map(|d| d.spec.clone());
        if decision.as_ref().is_some_and(|d| d.conditions.len() > 1) {
            return Err(FlowError::invalid("a decision cannot be moved"));
        }
        let behind = self.behind(id, decision.as_ref());
        bridge(&mut self.next.edges, id, decision.as_ref());
        self.task_mut(number).phase_id.clone_from(&place.phase);
        let next = self.put(id, place);
        let number = self.number(id)?;
        self.record(FlowEvent::TaskMoved, Some(number), None);
        let untouched = self.task(number).status == TaskStatus::Pending;
        if self.is_current(number) {
            let behind: Vec<usize> = behind.iter().filter_map(|n| self.graph.node(n)).collect();
            let later = self.graph.reach(behind.iter().copied(), |a| !a.back)[number];
            if untouched && later {
                self.retract(number);
                self.queue.extend(behind);
            }
        } else if untouched {
            self.take_place(id, &next);
        }
        Ok(())
    }

    /// V1 `deleteStep`. The flow goes on behind a current task that is taken away.
    pub(super) fn remove_task(&mut self, id: &NodeId) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.require_started()?;
        self.record(FlowEvent::TaskRemoved, Some(number), None);
        self.abandon(number);
        let decision = self.task(number).decision().map(|d| d.spec.clone());
        let behind = self.behind(id, decision.as_ref());
        let phase = self.task(number).phase_id.clone();
        if decision.is_some() {
            for (from, to) in self.graph.implied_entries() {
                let (from, to) = (self.node_id(from), self.node_id(to));
                self.link(from, to);
            }
        }
        bridge(&mut self.next.edges, id, decision.as_ref());
        let was_current = self.is_current(number);
        self.next.crt_tasks.retain(|c| &c.id != id);
        self.next.tasks.remove(number);
        self.relink();
        if was_current {
            self.advanced = true;
            let targets: Vec<usize> = behind.iter().filter_map(|n| self.graph.node(n)).collect();
            if targets.is_empty() {
                self.end_path(phase.as_ref());
            }
            self.queue.extend(targets);
        }
        Ok(())
    }

    /// The nodes the flow goes on to when this one is taken out.
    fn behind(&self, id: &NodeId, decision: Option<&DecisionSpec>) -> Vec<NodeId> {
        let out: Vec<&Edge> = self.next.edges.iter().filter(|e| &e.from_id == id && &e.to_id != id).collect();
        ways_on(out, decision).into_iter().map(|e| e.to_id.clone()).collect()
    }

    /// A path has ended in a phase; an empty phase is over with it.
    fn end_path(&mut self, phase: Option<&NodeId>) {
        let Some(node) = phase.and_then(|id| self.graph.node(id)) else { return };
        let Some(number) = self.graph.phase_number(node) else { return };
        if self.graph.members(node).next().is_none() {
            self.queue.extend(self.graph.onward(node).map(|a| a.to).collect::<Vec<_>>());
        } else {
            self.next.phases[number].path_ended = true;
        }
    }

    fn require_phase(&self, place: &Place) -> Result<(), FlowError> {
        match &place.phase {
            Some(id) if self.next.phase(id).is_none() => Err(FlowError::UnknownPhase(id.clone())),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn link(&mut self, from_id: NodeId, to_id: NodeId) {
        let id = self.env.ids.fresh();
        self.next.edges.push(Edge { id, from_id, to_id, condition_id: None, none_met: false });
    }

    /// Adds the task itself, without edges.
    fn create(&mut self, new: NewTask, phase: Option<NodeId>) -> Result<NodeId, FlowError> {
        if self.next.tasks.len() >= MOST_TASKS {
            return Err(FlowError::invalid(format!("Execution has {MOST_TASKS} tasks, which is the most it may have")));
        }
        let id = new.id.unwrap_or_else(|| NodeId::new(self.env.ids.fresh()));
        if self.graph.node(&id).is_some() || id == self.next.trigger_node {
            return Err(FlowError::invalid(format!("'{id}' is used by another node")));
        }
        let phase_id = new.phase_id.or(phase);
        if let Some(phase) = phase_id.as_ref().filter(|p| self.next.phase(p).is_none()) {
            return Err(FlowError::UnknownPhase(phase.clone()));
        }
        let mut due = None;
        let mut config = None;
        super::due::patch(&mut due, &mut config, new.due_date, new.due_date_config);
        let task = Task {
            id: id.clone(),
            template_id: id.clone(),
            name: new.name,
            status: TaskStatus::Pending,
            description: new.description,
            phase_id,
            requirements: Vec::new(),
            due,
            due_date_config: config,
            assigned_to: self.resolve(&new.assigned_to),
            analytics: Analytics::default(),
            created_at: self.env.now,
            updated_at: self.env.now,
            manually_created: true,
            enabled: true,
            enabled_override: None,
            ecp: None,
            installer: None,
            partner: None,
            journey: None,
            taxonomies: Vec::new(),
            entity_ref: None,
            error: None,
            reached: false,
            awaits_start: false,
            attempt: 0,
            kind: new.kind.into(),
        };
        self.next.tasks.push(task);
        self.relink();
        self.record(FlowEvent::TaskAdded, Some(self.next.tasks.len() - 1), None);
        Ok(id)
    }

    /// A task stands before others now: it takes over the place of those that are current and untouched, and comes at
    /// once when what precedes it is over and nothing follows it.
    fn take_place(&mut self, id: &NodeId, next: &[impl Borrow<NodeId>]) {
        let Ok(number) = self.number(id) else { return };
        let next: Vec<usize> = next.iter().filter_map(|n| self.graph.node(n.borrow())).collect();
        if !next.is_empty() {
            let followed = next.into_iter().flat_map(|node| {
                if self.graph.phase_number(node).is_none() {
                    return vec![node];
                }
                let touched = self.graph.members(node).any(|m| self.task(m).status != TaskStatus::Pending);
                if touched { Vec::new() } else { self.graph.entries(node) }
            });
            let waiting = |n: &usize| self.is_current(*n) && self.task(*n).status == TaskStatus::Pending;
            let replaced: Vec<usize> = followed.filter(waiting).collect();
            for &task in &replaced {
                self.retract(task);
            }
            if !replaced.is_empty() {
                self.queue.push_back(number);
            }
            return;
        }
        let before = self.graph.predecessors(number);
        let over = before.iter().any(|&n| self.is_over(n));
        let taken = self.graph.arcs_into(number).any(|a| a.edge.is_some_and(|e| self.was_taken(a.from, e)));
        if before.is_empty() || (over && taken) {
            self.queue.push_back(number);
        }
    }

    /// The flow no longer stands at a task nobody has touched.
    fn retract(&mut self, number: usize) {
        let id = self.task(number).id.clone();
        self.next.crt_tasks.retain(|c| c.id != id);
        let task = self.task_mut(number);
        (task.reached, task.awaits_start) = (false, false);
    }

    fn was_taken(&self, from: usize, edge: usize) -> bool {
        let Some(task) = self.next.tasks.get(from) else { return true };
        let edge = &self.next.edges[edge];
        task.reached && task.decision().and_then(|d| d.chosen.as_ref()).is_none_or(|c| super::decision::takes(c, edge))
    }

    fn settle_new(&mut self, id: &NodeId, status: Option<TaskStatus>, enabled: Option<bool>) -> Result<(), FlowError> {
        let number = self.number(id)?;
        self.settle();
        if let Some(status) = status {
            self.patch_status(number, status, &TaskPatch::default())?;
        }
        if let Some(enabled) = enabled {
            let task = self.task_mut(number);
            task.enabled_override = Some(enabled);
            task.enabled = enabled;
        }
        Ok(())
    }
}
