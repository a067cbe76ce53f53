//! What a tenant defines: a graph of nodes with a trigger. Versions are immutable once saved.

use crate::decision::{DEFAULT_BRANCH, Decision};
use crate::{DefinitionId, RawJson, RetryPolicy, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The public API a definition, an execution or a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Hydracore,
    Epilot,
    Softsolz,
    Smartmca,
    Platform,
}

impl Dialect {
    /// Every dialect, in the order of the contracts.
    pub const ALL: [Self; 5] = [Self::Hydracore, Self::Epilot, Self::Softsolz, Self::Smartmca, Self::Platform];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hydracore => "hydracore",
            Self::Epilot => "epilot",
            Self::Softsolz => "softsolz",
            Self::Smartmca => "smartmca",
            Self::Platform => "platform",
        }
    }

    /// Whether its definitions are native ones, made through the platform API.
    pub const fn is_native(self) -> bool {
        match self {
            Self::Smartmca | Self::Platform => true,
            Self::Hydracore | Self::Epilot | Self::Softsolz => false,
        }
    }

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }
}

/// Whether a definition may start executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionStatus {
    Draft,
    Active,
    Paused,
    Inactive,
}

impl DefinitionStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Inactive => "inactive",
        }
    }
}

/// What starts executions of a definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Only by a call.
    Manual,
    /// By a 5-field cron expression, read in the definition's time zone.
    Schedule { cron: String },
    /// By an event of this type emitted inside the tenant.
    Event { event: String },
}

/// What happens to the execution when a node has used up its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The execution pauses at the node until it is resumed.
    Pause,
    /// The execution fails; nodes that have not run are skipped.
    #[default]
    Stop,
    /// The nodes behind the failed one run as if it had completed without output.
    Continue,
}

/// A node's id, unique within its definition, chosen by the author.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(String);

impl NodeId {
    /// Wraps an author's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a step type: `<plugin>/<step>`, or the bare step id of a built-in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepRef {
    /// The plugin's name.
    pub plugin: String,
    /// The step's id inside the plugin.
    pub step: String,
    /// The plugin version the definition asks for; none means the version enabled when an execution starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Waits for a person.
    Manual,
    /// Runs a step of a plugin with this config (already validated and normalised by the plugin).
    Step { step: StepRef, config: RawJson },
    /// Chooses among the edges behind it.
    Decision(Decision),
}

/// One node of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub id: NodeId,
    pub name: String,
    pub kind: NodeKind,
    #[serde(default)]
    pub retry: RetryPolicy,
}

/// `to` starts after `from` has ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    pub from: NodeId,
    pub to: NodeId,
    /// From a decision: only when this branch is taken ([`DEFAULT_BRANCH`] when no other one is); none means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Edge {
    /// Without a branch.
    pub const fn plain(from: NodeId, to: NodeId) -> Self {
        Self { from, to, branch: None }
    }
}

/// Nodes and edges; acyclic (checked by [`Graph::check`]). A node starts when all nodes before it have ended and at
/// least one edge to it is open; one that no open edge leads to is skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// A fault in a graph, with the place it stands in (JSON pointer below the definition).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct GraphFault {
    pub pointer: String,
    pub detail: String,
}

impl Graph {
    /// Nodes one after the other, as the list dialects have them.
    pub fn sequence(nodes: Vec<Node>) -> Self {
        let edges = nodes.windows(2).map(|pair| Edge::plain(pair[0].id.clone(), pair[1].id.clone())).collect();
        Self { nodes, edges }
    }

    /// The node with this id.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|n| &n.id == id)
    }

    /// Nodes that must have ended before `id` starts.
    pub fn before<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
        self.edges.iter().filter(move |e| &e.to == id).map(|e| &e.from)
    }

    /// Edges to `id`.
    pub fn edges_to<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a Edge> {
        self.edges.iter().filter(move |e| &e.to == id)
    }

    /// Every fault at once: empty or doubled ids, edges to unknown nodes, doubled edges, branches nobody has, cycles.
    pub fn check(&self) -> Vec<GraphFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, detail: String| faults.push(GraphFault { pointer, detail });
        if self.nodes.is_empty() {
            fault("/nodes".into(), "must have at least one node".into());
        }
        let mut seen = std::collections::HashSet::new();
        for (i, node) in self.nodes.iter().enumerate() {
            if node.id.as_str().is_empty() {
                fault(format!("/nodes/{i}/id"), "must not be empty".into());
            } else if !seen.insert(&node.id) {
                fault(format!("/nodes/{i}/id"), format!("'{}' is used by another node", node.id));
            }
        }
        let mut pairs = std::collections::HashSet::new();
        for (i, edge) in self.edges.iter().enumerate() {
            for (end, id) in [("from", &edge.from), ("to", &edge.to)] {
                if !seen.contains(id) {
                    fault(format!("/edges/{i}/{end}"), format!("no node has the id '{id}'"));
                }
            }
            if !pairs.insert((&edge.from, &edge.to, &edge.branch)) {
                fault(format!("/edges/{i}"), "this edge stands twice".into());
            }
            if let Some(branch) = edge.branch.as_deref() {
                let known = self.node(&edge.from).map(|node| match &node.kind {
                    NodeKind::Decision(decision) => branch == DEFAULT_BRANCH || decision.branch(branch).is_some(),
                    NodeKind::Manual | NodeKind::Step { .. } => false,
                });
                if known == Some(false) {
                    fault(format!("/edges/{i}/branch"), format!("node '{}' has no branch '{branch}'", edge.from));
                }
            }
        }
        if let Some(id) = self.node_on_a_cycle() {
            fault("/edges".into(), format!("node '{id}' lies on a cycle"));
        }
        faults
    }

    /// Kahn's algorithm; what cannot be removed lies on, or behind, a cycle.
    fn node_on_a_cycle(&self) -> Option<&NodeId> {
        let mut open: std::collections::HashMap<&NodeId, usize> =
            self.nodes.iter().map(|n| (&n.id, self.before(&n.id).count())).collect();
        loop {
            let free = self.nodes.iter().map(|n| &n.id).find(|id| open.get(id) == Some(&0));
            let Some(id) = free else { break };
            open.remove(id);
            for edge in self.edges.iter().filter(|e| &e.from == id) {
                if let Some(n) = open.get_mut(&edge.to) {
                    *n = n.saturating_sub(1);
                }
            }
        }
        self.nodes.iter().map(|n| &n.id).find(|id| open.contains_key(id))
    }
}

/// One immutable version of a definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    pub id: DefinitionId,
    pub tenant_id: TenantId,
    pub dialect: Dialect,
    /// Starts at 1, one more per update.
    pub version: u32,
    pub name: String,
    pub description: Option<String>,
    pub status: DefinitionStatus,
    pub trigger: Trigger,
    /// IANA name of the zone its days and its schedule are reckoned in; none means the tenant's.
    pub timezone: Option<String>,
    pub graph: Graph,
    pub on_failure: OnFailure,
    /// What only the dialect's own wire form needs (icon, category, sharing …); the core does not look into it.
    pub presentation: RawJson,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
