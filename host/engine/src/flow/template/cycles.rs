//! Cycles must be declared loops, and loops must nest.

use super::Template;
use super::check::Faults;

impl Template {
    pub(super) fn check_cycles(&self, faults: &mut Faults) {
        let graph = self.graph();
        let name = |node: usize| {
            let task = self.tasks.get(node).map(|t| &t.id);
            let phase = graph.phase_number(node).and_then(|n| self.phases.get(n)).map(|p| &p.id);
            task.or(phase).map_or_else(String::new, ToString::to_string)
        };
        if let Some(node) = graph.undeclared_cycle() {
            faults.add("/edges", format!("'{}' lies on a cycle that is not a declared loop", name(node)));
            return;
        }
        let loops = graph.loops();
        for (i, (first, body)) in loops.iter().enumerate() {
            for (second, other) in &loops[i + 1..] {
                let nested = body.is_subset(other) || other.is_subset(body);
                if !nested && let Some(shared) = body.intersection(other).find(|&&n| n < graph.tasks()) {
                    let detail = format!(
                        "'{}' lies in the loops of '{}' and '{}', of which neither contains the other",
                        name(*shared),
                        name(*first),
                        name(*second)
                    );
                    faults.add(format!("/tasks/{shared}"), detail);
                }
            }
        }
    }
}
