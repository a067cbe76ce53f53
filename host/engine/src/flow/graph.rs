//! A flow's graph with everything implicit made explicit: phases as nodes, their entries and exits, loop edges.
//!
//! Nodes are numbers: tasks first, then phases, then the one trigger.

use super::Edge;
use crate::NodeId;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// What a graph is made of.
pub struct Shape<'a, T, P, F> {
    /// Id, phase, the loop branch of a loop decision, and whether the task is a decision.
    pub tasks: T,
    pub phases: P,
    pub edges: &'a [Edge],
    pub is_trigger: F,
}

/// A connection, explicit or implied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    pub from: usize,
    pub to: usize,
    /// Leads back to the start of a declared loop.
    pub back: bool,
    /// The number of the edge it stands for; none when it is implied by a phase.
    pub edge: Option<usize>,
}

/// The resolved graph.
#[derive(Clone, Debug)]
pub struct Graph {
    tasks: usize,
    phases: usize,
    index: HashMap<NodeId, usize>,
    phase_of: Vec<Option<usize>>,
    decision: Vec<bool>,
    arcs: Vec<Arc>,
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
}

impl Graph {
    /// Resolves a shape. Edges to unknown nodes are left out.
    pub fn new<'a, T, P, F>(shape: &Shape<'a, T, P, F>) -> Self
    where
        T: Iterator<Item = (&'a NodeId, Option<&'a NodeId>, Option<&'a str>, bool)> + Clone,
        P: Iterator<Item = &'a NodeId> + Clone,
        F: Fn(&NodeId) -> bool,
    {
        let mut index = HashMap::new();
        let tasks = shape.tasks.clone().count();
        let phases = shape.phases.clone().count();
        for (number, id) in shape.tasks.clone().map(|(id, ..)| id).chain(shape.phases.clone()).enumerate() {
            index.insert(id.clone(), number);
        }
        let trigger = tasks + phases;
        let mut graph = Self {
            tasks,
            phases,
            phase_of: shape
                .tasks
                .clone()
                .map(|(_, phase, ..)| phase.and_then(|id| index.get(id)).copied().filter(|&n| n >= tasks))
                .collect(),
            decision: shape.tasks.clone().map(|(.., decision)| decision).collect(),
            index,
            arcs: Vec::new(),
            out: vec![Vec::new(); trigger + 1],
            into: vec![Vec::new(); trigger + 1],
        };
        let loops: Vec<Option<&str>> = shape.tasks.clone().map(|(_, _, branch, _)| branch).collect();
        for (number, edge) in shape.edges.iter().enumerate() {
            let find = |id: &NodeId| graph.index.get(id).copied().or_else(|| (shape.is_trigger)(id).then_some(trigger));
            if let (Some(from), Some(to)) = (find(&edge.from_id), find(&edge.to_id)) {
                let branch = loops.get(from).copied().flatten();
                let back = branch.is_some() && branch == edge.condition_id.as_deref();
                graph.push(Arc { from, to, back, edge: Some(number) });
            }
        }
        graph.add_phase_arcs();
        graph
    }

    fn push(&mut self, arc: Arc) {
        self.out[arc.from].push(self.arcs.len());
        self.into[arc.to].push(self.arcs.len());
        self.arcs.push(arc);
    }

    fn add_phase_arcs(&mut self) {
        for phase in self.tasks..self.tasks + self.phases {
            if !self.is_node(phase) {
                continue;
            }
            let explicit = self.arcs_out(phase).any(|a| self.phase_of(a.to) == Some(phase));
            if !explicit {
                for to in self.heads(phase) {
                    self.push(Arc { from: phase, to, back: false, edge: None });
                }
            }
            let onward: Vec<usize> = self.onward(phase).map(|a| a.to).collect();
            let exits: Vec<usize> = self.members(phase).filter(|&m| self.may_end_here(m)).collect();
            for from in exits {
                for &to in &onward {
                    self.push(Arc { from, to, back: false, edge: None });
                }
            }
        }
    }

    /// Whether edges use the phase as a node.
    pub fn is_node(&self, phase: usize) -> bool {
        self.arcs_out(phase).chain(self.arcs_into(phase)).any(|a| a.edge.is_some())
    }

    /// Members that no other member points to, but for the way back of a loop.
    pub fn heads(&self, phase: usize) -> Vec<usize> {
        let members: Vec<usize> = self.members(phase).collect();
        self.roots(&members, |a| self.phase_of(a.from) == Some(phase))
    }

    /// The nodes of `among` nothing leads to, over the arcs that count. A node only loops lead back to is one unless
    /// it is come to from another: of several, the outermost loop's.
    fn roots(&self, among: &[usize], counts: impl Fn(&Arc) -> bool) -> Vec<usize> {
        let leading = |n: usize| self.arcs_into(n).filter(|a| counts(a) && a.from != a.to).collect::<Vec<_>>();
        let (mut roots, mut looped) = (Vec::new(), Vec::new());
        for &node in among {
            let arcs = leading(node);
            if arcs.is_empty() {
                roots.push(node);
            } else if arcs.iter().all(|a| a.back) {
                looped.push((node, arcs.iter().map(|a| a.from).collect::<Vec<_>>()));
            }
        }
        if !looped.is_empty() {
            let order = self.topological();
            let place = |n: &usize| order.iter().position(|o| o == n);
            looped.sort_by_key(|(_, sources)| std::cmp::Reverse(sources.iter().filter_map(place).max()));
            for (node, _) in looped {
                if !self.reach(roots.iter().copied(), &counts)[node] {
                    roots.push(node);
                }
            }
            roots.sort_unstable();
        }
        roots
    }

    /// Where a phase starts: the members its own edges lead to, else its heads.
    pub fn entries(&self, phase: usize) -> Vec<usize> {
        self.arcs_out(phase).filter(|a| self.phase_of(a.to) == Some(phase)).map(|a| a.to).collect()
    }

    /// Edges from a phase to what comes behind it.
    pub fn onward(&self, phase: usize) -> impl Iterator<Item = &Arc> {
        self.arcs_out(phase).filter(move |a| self.phase_of(a.to) != Some(phase))
    }

    /// A path through this task may end in it: it has no edge, or is a decision, whose branches may have none.
    fn may_end_here(&self, task: usize) -> bool {
        self.decision[task] || !self.arcs_out(task).any(|a| a.edge.is_some())
    }

    /// Members of a phase.
    pub fn members(&self, phase: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.tasks).filter(move |&t| self.phase_of[t] == Some(phase))
    }

    /// The phase of a task; none for phases and the trigger.
    pub fn phase_of(&self, node: usize) -> Option<usize> {
        self.phase_of.get(node).copied().flatten()
    }

    /// The node with this id.
    pub fn node(&self, id: &NodeId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Number of tasks; nodes below it are tasks.
    pub const fn tasks(&self) -> usize {
        self.tasks
    }

    /// The phase's place in the list of phases.
    pub fn phase_number(&self, node: usize) -> Option<usize> {
        node.checked_sub(self.tasks).filter(|&n| n < self.phases)
    }

    /// The node of the phase at this place in the list of phases.
    pub const fn phase_node(&self, number: usize) -> usize {
        self.tasks + number
    }

    /// The trigger.
    pub const fn trigger(&self) -> usize {
        self.tasks + self.phases
    }

    /// Connections out of a node.
    pub fn arcs_out(&self, node: usize) -> impl Iterator<Item = &Arc> {
        self.out[node].iter().map(|&i| &self.arcs[i])
    }

    /// Connections into a node.
    pub fn arcs_into(&self, node: usize) -> impl Iterator<Item = &Arc> {
        self.into[node].iter().map(|&i| &self.arcs[i])
    }

    /// What directly precedes a node: tasks, and phases it follows. What the first task of a phase follows is what the
    /// phase follows.
    pub fn predecessors(&self, node: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for arc in self.arcs_into(node).filter(|a| !a.back) {
            if self.phase_number(arc.from).is_some() && self.phase_of(node) == Some(arc.from) {
                found.extend(self.predecessors(arc.from));
            } else if arc.edge.is_some() && arc.from != self.trigger() {
                found.insert(arc.from);
            }
        }
        found
    }

    /// Where a flow starts: behind the trigger, or, without edges from it, every task and every phase used as a
    /// node that nothing leads to.
    pub fn starts(&self) -> Vec<usize> {
        let triggered: Vec<usize> = self.arcs_out(self.trigger()).map(|a| a.to).collect();
        if !triggered.is_empty() {
            return triggered;
        }
        let nodes: Vec<usize> = (0..self.trigger()).filter(|&n| n < self.tasks || self.is_node(n)).collect();
        self.roots(&nodes, |_| true)
    }

    /// Connections that exist only because nothing says otherwise: from the trigger to the starts, from phases to
    /// their heads. Taking a decision away may leave branches nothing leads to; made explicit before, these keep such
    /// branches from becoming starts.
    pub fn implied_entries(&self) -> Vec<(usize, usize)> {
        let trigger = self.trigger();
        let starts = if self.arcs_out(trigger).next().is_none() { self.starts() } else { Vec::new() };
        let phases = (self.tasks..trigger).flat_map(|phase| {
            let implied = self.arcs_out(phase).filter(move |a| a.edge.is_none() && self.phase_of(a.to) == Some(phase));
            implied.map(move |a| (phase, a.to))
        });
        starts.into_iter().map(|to| (trigger, to)).chain(phases).collect()
    }

    /// Marks the nodes reachable over arcs that `passes` lets through; the nodes of `from` count only when
    /// something leads to them.
    pub fn reach(&self, from: impl IntoIterator<Item = usize>, passes: impl Fn(&Arc) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.trigger() + 1];
        let mut expanded = vec![false; self.trigger() + 1];
        let mut queue: VecDeque<usize> = from.into_iter().collect();
        while let Some(node) = queue.pop_front() {
            if std::mem::replace(&mut expanded[node], true) {
                continue;
            }
            for arc in self.arcs_out(node).filter(|a| passes(a)) {
                seen[arc.to] = true;
                queue.push_back(arc.to);
            }
        }
        seen
    }

    /// Every node before the nodes it leads to, loop edges left aside; ties in the order of the lists.
    pub fn topological(&self) -> Vec<usize> {
        let mut open: Vec<usize> =
            (0..=self.trigger()).map(|n| self.arcs_into(n).filter(|a| !a.back).count()).collect();
        let mut free: BTreeSet<usize> = (0..open.len()).filter(|&n| open[n] == 0).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(node) = free.pop_first() {
            order.push(node);
            for arc in self.arcs_out(node).filter(|a| !a.back) {
                open[arc.to] -= 1;
                if open[arc.to] == 0 {
                    free.insert(arc.to);
                }
            }
        }
        order
    }
}
