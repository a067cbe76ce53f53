//! Loops of a graph: which cycles are declared, and what goes round in them.

use super::graph::Graph;
use std::collections::BTreeSet;

impl Graph {
    /// A node on a cycle that no declared loop explains.
    pub fn undeclared_cycle(&self) -> Option<usize> {
        let mut open: Vec<usize> =
            (0..=self.trigger()).map(|n| self.arcs_into(n).filter(|a| !a.back).count()).collect();
        let mut free: Vec<usize> = (0..open.len()).filter(|&n| open[n] == 0).collect();
        let mut left = open.len();
        while let Some(node) = free.pop() {
            left -= 1;
            for arc in self.arcs_out(node).filter(|a| !a.back) {
                open[arc.to] -= 1;
                if open[arc.to] == 0 {
                    free.push(arc.to);
                }
            }
        }
        // What is left lies on a cycle or behind one; walking backwards inside it must come round.
        let mut node = (left > 0).then(|| open.iter().position(|&n| n > 0)).flatten()?;
        let mut seen = BTreeSet::new();
        while seen.insert(node) {
            node = self.arcs_into(node).find(|a| !a.back && open[a.from] > 0)?.from;
        }
        Some(node)
    }

    /// The body of every declared loop by its decision: what a turn of the loop does again, the decision included.
    /// A loop whose decision and entries lie in another's body belongs to that body with all of its own.
    pub fn loops(&self) -> Vec<(usize, BTreeSet<usize>)> {
        let decisions = (0..self.tasks()).filter(|&n| self.arcs_out(n).any(|a| a.back));
        let mut bodies: Vec<(usize, BTreeSet<usize>)> =
            decisions.map(|d| (d, self.own_body(d))).filter(|(_, body)| !body.is_empty()).collect();
        let own: Vec<_> = bodies.iter().map(|(d, body)| (*d, body.clone(), self.entries_of_loop(body))).collect();
        loop {
            let mut grown = false;
            for (decision, body) in &mut bodies {
                for (inner, inner_body, entries) in &own {
                    let nested = inner != decision && body.contains(inner) && entries.is_subset(body);
                    if nested && !inner_body.is_subset(body) {
                        body.extend(inner_body);
                        grown = true;
                    }
                }
            }
            if !grown {
                return bodies;
            }
        }
    }

    /// Where a loop is come to for the first time.
    fn entries_of_loop(&self, body: &BTreeSet<usize>) -> BTreeSet<usize> {
        let starts = self.starts();
        let from_outside = |n: usize| self.arcs_into(n).any(|a| !a.back && !body.contains(&a.from));
        body.iter().copied().filter(|n| starts.contains(n) || from_outside(*n)).collect()
    }

    /// Nodes on a path from the loop branch's targets to the decision that uses no other loop.
    fn own_body(&self, decision: usize) -> BTreeSet<usize> {
        let targets: Vec<usize> = self.arcs_out(decision).filter(|a| a.back).map(|a| a.to).collect();
        let mut ahead = self.reach(targets.iter().copied(), |a| !a.back && a.from != decision);
        for &target in &targets {
            ahead[target] = true;
        }
        let mut behind = BTreeSet::from([decision]);
        let mut queue = vec![decision];
        while let Some(node) = queue.pop() {
            for arc in self.arcs_into(node).filter(|a| !a.back && a.from != decision && ahead[a.from]) {
                if behind.insert(arc.from) {
                    queue.push(arc.from);
                }
            }
        }
        if ahead[decision] { behind } else { BTreeSet::new() }
    }
}
