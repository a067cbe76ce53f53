//! The flow as a list of steps and sections, as V1 shows it (source: contracts/epilot.md 2B "V1 as projection").

use super::graph::Graph;
use super::vocab::TaskStatus;
use super::{Flow, Phase, Task};

/// An item of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum OutlineItem<'a> {
    /// A phase with its tasks.
    Section(&'a Phase, Vec<&'a Task>),
    /// A task without a phase.
    Step(&'a Task),
}

/// An item by the numbers of its nodes.
pub(super) struct Entry {
    /// The task, or the phase.
    pub(super) node: usize,
    /// The phase's tasks; none for a task.
    pub(super) members: Vec<usize>,
}

/// Tasks from the start to the end, loop edges left aside, ties in the order of the list of tasks. A section stands
/// where its first task does; without tasks, where edges put it, else behind the phase before it.
pub(super) fn entries(graph: &Graph) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let empty = |phase: usize| graph.members(phase).next().is_none();
    for node in graph.topological() {
        match (graph.phase_of(node), graph.phase_number(node)) {
            (Some(phase), _) => match found.iter_mut().find(|entry| entry.node == phase) {
                Some(section) => section.members.push(node),
                None => found.push(Entry { node: phase, members: vec![node] }),
            },
            (None, None) if node < graph.tasks() => found.push(Entry { node, members: Vec::new() }),
            (None, Some(_)) if graph.is_node(node) && empty(node) => found.push(Entry { node, members: Vec::new() }),
            (None, _) => {}
        }
    }
    for phase in (graph.tasks()..graph.trigger()).filter(|&phase| empty(phase) && !graph.is_node(phase)) {
        let before = found.iter().position(|entry| phase > graph.tasks() && entry.node == phase - 1);
        found.insert(before.map_or(0, |before| before + 1), Entry { node: phase, members: Vec::new() });
    }
    found
}

impl Flow {
    /// Sections and steps from top to bottom; every task once.
    pub fn outline(&self) -> Vec<OutlineItem<'_>> {
        let graph = self.graph();
        let item = |entry: Entry| match graph.phase_number(entry.node) {
            Some(number) => {
                let members = entry.members.into_iter().map(|n| &self.tasks[n]).collect();
                OutlineItem::Section(&self.phases[number], members)
            }
            None => OutlineItem::Step(&self.tasks[entry.node]),
        };
        entries(&graph).into_iter().map(item).collect()
    }

    /// The first step from top to bottom that is PENDING or IN_PROGRESS, while the flow runs.
    pub fn next_open_task(&self) -> Option<&Task> {
        next_open(self, &self.outline())
    }
}

/// As [`Flow::next_open_task`], of an outline that is there already.
pub fn next_open<'a>(flow: &Flow, outline: &[OutlineItem<'a>]) -> Option<&'a Task> {
    let steps = outline.iter().flat_map(OutlineItem::tasks);
    let mut open = steps.filter(|task| matches!(task.status, TaskStatus::Pending | TaskStatus::InProgress));
    if flow.is_started() { open.next().copied() } else { None }
}

impl<'a> OutlineItem<'a> {
    /// The steps of the item, from top to bottom.
    pub fn tasks(&self) -> &[&'a Task] {
        match self {
            Self::Section(_, tasks) => tasks,
            Self::Step(task) => std::slice::from_ref(task),
        }
    }
}
