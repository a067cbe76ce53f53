//! Soft limits: warnings unless the caller asks to enforce them (source: contracts/epilot.md 1B.4).

use super::{TaskSpec, Template};
use crate::NodeId;
use serde::{Deserialize, Serialize};

/// A limit a template goes beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWarning {
    /// Stable, for translations.
    #[serde(rename = "i18nKey")]
    pub i18n_key: String,
    pub message: String,
    pub max: usize,
    pub current: usize,
    /// JSON pointer below the template.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
}

const MOST_TASKS: usize = 100;
const MOST_BRANCHES: usize = 10;
const MOST_INCOMING: usize = 10;
const MOST_SYNCS: usize = 20;

impl Template {
    /// The soft limits this template goes beyond.
    pub fn limit_warnings(&self) -> Vec<LimitWarning> {
        let mut found = Vec::new();
        let mut limit = |key: &str, what: &str, path: String, current: usize, max: usize, node: Option<&NodeId>| {
            if current > max {
                found.push(LimitWarning {
                    i18n_key: format!("limit_warnings.{key}"),
                    message: format!("{what}: {current} of at most {max}"),
                    max,
                    current,
                    path,
                    node_id: node.cloned(),
                });
            }
        };
        limit("max_tasks", "tasks", "/tasks".into(), self.tasks.len(), MOST_TASKS, None);
        limit("max_entity_sync", "entity syncs", "/entity_sync".into(), self.entity_sync.len(), MOST_SYNCS, None);
        for (i, task) in self.tasks.iter().enumerate() {
            let incoming = self.edges.iter().filter(|e| e.to_id == task.id).count();
            let path = format!("/tasks/{i}");
            limit("max_incoming_edges", "incoming edges", path, incoming, MOST_INCOMING, Some(&task.id));
            if let TaskSpec::Decision(decision) = &task.kind {
                let path = format!("/tasks/{i}/conditions");
                limit("max_branches", "branches", path, decision.conditions.len(), MOST_BRANCHES, Some(&task.id));
            }
        }
        found
    }
}
