//! Executions of a graph of tasks.

use super::{NodeFace, NodeStatus, NodeType};
use stepwright_engine::{Definition, Execution, ExecutionStatus, Node, NodeKind, Task, TaskState};

/// The name of the node it stands at: the one a pause stands at, else the first that has begun and not ended.
pub(super) fn stage(execution: &Execution, definition: &Definition) -> Option<String> {
    let paused = match &execution.status {
        ExecutionStatus::Paused { node: Some(node), .. } => Some(node),
        ExecutionStatus::Failed { task: Some(task), .. } => execution.task(*task).map(|t| &t.node),
        _ => None,
    };
    let begun = |t: &&Task| !t.state.is_final() && !matches!(t.state, TaskState::Pending);
    let node = paused.or_else(|| execution.tasks.iter().find(begun).map(|t| &t.node))?;
    Some(definition.graph.node(node).map_or_else(|| node.to_string(), |n| n.name.clone()))
}

/// Whether a node has failed.
pub(super) fn has_errors(execution: &Execution) -> bool {
    execution.tasks.iter().any(|t| matches!(t.state, TaskState::Failed { .. }))
}

pub(super) fn nodes(execution: &Execution, definition: &Definition) -> Vec<NodeFace> {
    execution.tasks.iter().map(|task| node(task, definition.graph.node(&task.node))).collect()
}

fn node(task: &Task, node: Option<&Node>) -> NodeFace {
    let (kind, step) = match node.map(|n| &n.kind) {
        Some(NodeKind::Step { step, .. }) => (NodeType::Step, Some(step.step.clone())),
        Some(NodeKind::Decision(_)) => (NodeType::Decision, None),
        Some(NodeKind::Manual) | None => (NodeType::Manual, None),
    };
    let mut face = NodeFace {
        id: task.node.to_string(),
        name: node.map_or_else(|| task.node.to_string(), |n| n.name.clone()),
        kind,
        step,
        status: NodeStatus::Running,
        attempts: task.attempts,
        started_at: task.started_at,
        ended_at: None,
        output: None,
        error: None,
    };
    match &task.state {
        TaskState::Pending => face.status = NodeStatus::Pending,
        TaskState::Running { .. } | TaskState::Deferred { .. } => {}
        TaskState::Retrying { fault, .. } => face.error = Some(fault.clone()),
        TaskState::Waiting { .. } | TaskState::Open { .. } => face.status = NodeStatus::Waiting,
        TaskState::Completed { at, output } => {
            face.status = NodeStatus::Completed;
            face.ended_at = Some(*at);
            face.output = Some(output.clone());
        }
        TaskState::Skipped { at, .. } => {
            face.status = NodeStatus::Skipped;
            face.ended_at = Some(*at);
        }
        TaskState::Failed { at, fault, .. } => {
            face.status = NodeStatus::Failed;
            face.ended_at = Some(*at);
            face.error = Some(fault.clone());
        }
        TaskState::Cancelled { at } => {
            face.status = NodeStatus::Cancelled;
            face.ended_at = Some(*at);
        }
    }
    face
}
