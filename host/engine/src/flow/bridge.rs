//! Taking a node out of a graph without tearing it apart.

use super::{DecisionSpec, Edge};
use crate::NodeId;

/// Takes `node` out: every edge into it is joined with every edge out of it. The new edge keeps the branch of the edge
/// into the node, since that is the decision that still exists.
///
/// Of a decision that goes, only one way on remains: the exit of its loop, else its default branch, else all branches.
pub fn bridge(edges: &mut Vec<Edge>, node: &NodeId, decision: Option<&DecisionSpec>) {
    let (own, mut rest): (Vec<Edge>, Vec<Edge>) = edges.drain(..).partition(|e| &e.from_id == node || &e.to_id == node);
    let into: Vec<&Edge> = own.iter().filter(|e| &e.to_id == node && &e.from_id != node).collect();
    let out: Vec<&Edge> = own.iter().filter(|e| &e.from_id == node && &e.to_id != node).collect();
    let out = ways_on(out, decision);
    for before in &into {
        for (n, after) in out.iter().enumerate() {
            let twin = rest.iter().any(|e| {
                (&e.from_id, &e.to_id, &e.condition_id, e.none_met)
                    == (&before.from_id, &after.to_id, &before.condition_id, before.none_met)
            });
            if !twin {
                let id = if n == 0 { before.id.clone() } else { format!("{}-{}", before.id, after.id) };
                rest.push(Edge { id, to_id: after.to_id.clone(), ..(*before).clone() });
            }
        }
    }
    *edges = rest;
}

/// The edges that remain of a node that goes.
pub fn ways_on<'a>(out: Vec<&'a Edge>, decision: Option<&DecisionSpec>) -> Vec<&'a Edge> {
    let Some(spec) = decision else { return out };
    if let Some(config) = &spec.loop_config {
        return out.into_iter().filter(|e| e.condition_id.as_ref() == Some(&config.exit_branch_id)).collect();
    }
    let default: Vec<&Edge> = out.iter().copied().filter(|e| e.none_met).collect();
    if default.is_empty() { out } else { default }
}
