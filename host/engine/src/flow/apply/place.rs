//! Places in the list of sections and steps, as edges.

use super::Work;
use crate::NodeId;
use crate::flow::Place;
use crate::flow::outline::entries;

/// An item of the list a task may stand before or behind.
struct Slot {
    /// The task, or the phase.
    node: usize,
    /// The tasks of a phase that edges do not name: what leads to it leads to one of them.
    members: Vec<usize>,
}

impl Work<'_> {
    /// Whether a task stands at this place already.
    pub(super) fn stands_at(&self, number: usize, place: &Place) -> bool {
        let of_phase = place.phase.as_ref().and_then(|id| self.graph.node(id));
        if self.graph.phase_of(number) != of_phase {
            return false;
        }
        let slots = self.slots(of_phase);
        let at = slots.iter().position(|slot| slot.node == number);
        at == Some(place.index.min(slots.len().saturating_sub(1)))
    }

    /// Links a task that has no edges into a place of the list of steps; what it leads to now. In the flow's list it
    /// comes before that, too, so that it also stands there where edges say nothing.
    pub(super) fn put(&mut self, id: &NodeId, place: &Place) -> Vec<NodeId> {
        self.relink();
        let of_phase = place.phase.as_ref().and_then(|id| self.graph.node(id));
        let own = self.graph.node(id);
        let slots: Vec<Slot> = self.slots(of_phase).into_iter().filter(|s| Some(s.node) != own).collect();
        let next = match of_phase.filter(|&phase| slots.is_empty() && !self.graph.is_node(phase)) {
            None => self.put_at(id, &slots, place.index),
            // The first task of a section no edge names: where the section stands.
            Some(phase) => {
                let around: Vec<Slot> =
                    self.slots(None).into_iter().filter(|s| s.node != phase && Some(s.node) != own).collect();
                let before = around.iter().position(|s| phase > self.graph.tasks() && s.node == phase - 1);
                self.put_at(id, &around, before.map_or(0, |before| before + 1))
            }
        };
        self.relink();
        next
    }

    fn put_at(&mut self, id: &NodeId, slots: &[Slot], index: usize) -> Vec<NodeId> {
        let linked = |slot: &&Slot| self.is_linked(slot);
        match (slots.iter().skip(index).find(linked), slots.iter().rev().find(linked)) {
            (Some(next), _) => return self.put_before(id, next),
            (None, Some(last)) => self.put_behind(id, last),
            (None, None) => self.put_alone(id),
        }
        Vec::new()
    }

    /// The items among which places are counted: the tasks of a phase, or phases and tasks without one.
    fn slots(&self, of_phase: Option<usize>) -> Vec<Slot> {
        let entries = entries(&self.graph);
        match of_phase {
            Some(phase) => {
                let own = entries.into_iter().filter(|entry| entry.node == phase);
                own.flat_map(|entry| entry.members).map(|node| Slot { node, members: Vec::new() }).collect()
            }
            None => {
                let named = |node: usize| node < self.graph.tasks() || self.graph.is_node(node);
                let slot = |e: crate::flow::outline::Entry| Slot {
                    members: if named(e.node) { Vec::new() } else { e.members },
                    node: e.node,
                };
                entries.into_iter().map(slot).collect()
            }
        }
    }

    /// A phase without tasks that edges do not name has nothing a task could be linked to.
    fn is_linked(&self, slot: &Slot) -> bool {
        slot.node < self.graph.tasks() || self.graph.is_node(slot.node) || !slot.members.is_empty()
    }

    fn put_before(&mut self, id: &NodeId, next: &Slot) -> Vec<NodeId> {
        let back = self.back_edges();
        let inside: Vec<NodeId> = next.members.iter().map(|&n| self.node_id(n)).collect();
        let mut targets = Vec::new();
        if inside.is_empty() {
            let target = self.node_id(next.node);
            for (edge, back) in self.next.edges.iter_mut().zip(back) {
                if edge.to_id == target && !back {
                    edge.to_id = id.clone();
                }
            }
            targets.push(target);
        } else {
            for (edge, back) in self.next.edges.iter_mut().zip(back) {
                if inside.contains(&edge.to_id) && !inside.contains(&edge.from_id) && !back {
                    let target = std::mem::replace(&mut edge.to_id, id.clone());
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
            }
            if targets.is_empty() {
                targets = self.graph.heads(next.node).into_iter().map(|n| self.node_id(n)).collect();
            }
        }
        for target in &targets {
            self.link(id.clone(), target.clone());
        }
        self.list_before(id, next);
        targets
    }

    fn put_behind(&mut self, id: &NodeId, last: &Slot) {
        if last.members.is_empty() {
            let node = self.node_id(last.node);
            let decides = self.next.task(&node).is_some_and(|t| t.decision().is_some());
            if !decides {
                let of_last = |t: &&crate::flow::Task| t.phase_id.as_ref() == Some(&node);
                let inside: Vec<NodeId> = self.next.tasks.iter().filter(of_last).map(|t| t.id.clone()).collect();
                for edge in self.next.edges.iter_mut().filter(|e| e.from_id == node && !inside.contains(&e.to_id)) {
                    edge.from_id = id.clone();
                }
            }
            return self.link(node, id.clone());
        }
        // Nothing outside stands behind its tasks, so that every path through it ends in one of them.
        let ends: Vec<usize> =
            last.members.iter().copied().filter(|&n| self.graph.arcs_out(n).all(|arc| arc.back)).collect();
        for end in ends {
            self.link(self.node_id(end), id.clone());
        }
    }

    /// Alone: a start, which has to be said where the others are said too.
    fn put_alone(&mut self, id: &NodeId) {
        let phase = self.graph.node(id).and_then(|own| self.graph.phase_of(own));
        let of_node = phase.is_some_and(|phase| self.graph.is_node(phase));
        if !of_node && self.graph.arcs_out(self.graph.trigger()).next().is_some() {
            self.link(self.next.trigger_node.clone(), id.clone());
        }
    }

    fn list_before(&mut self, id: &NodeId, next: &Slot) {
        let tasks = match self.graph.phase_number(next.node) {
            Some(_) => self.graph.members(next.node).min(),
            None => Some(next.node),
        };
        let (Some(own), Some(before)) = (self.graph.node(id), tasks) else { return };
        if own > before {
            let task = self.next.tasks.remove(own);
            self.next.tasks.insert(before, task);
        }
    }

    fn back_edges(&self) -> Vec<bool> {
        let mut back = vec![false; self.next.edges.len()];
        for node in 0..=self.graph.trigger() {
            for arc in self.graph.arcs_out(node).filter(|a| a.back) {
                if let Some(edge) = arc.edge {
                    back[edge] = true;
                }
            }
        }
        back
    }

    pub(super) fn node_id(&self, node: usize) -> NodeId {
        match self.graph.phase_number(node) {
            Some(number) => self.next.phases[number].id.clone(),
            None => self.next.tasks.get(node).map_or_else(|| self.next.trigger_node.clone(), |t| t.id.clone()),
        }
    }
}
