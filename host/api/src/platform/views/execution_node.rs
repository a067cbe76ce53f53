//! Nodes of an execution, and what stands beside them everywhere: faults and use.

use super::definition::step_type_of;
use crate::kit::time::opt_millis;
use serde::Serialize;
use stepwright_app::App;
use stepwright_app::face::{NodeFace, NodeStatus};
use stepwright_engine::{Definition, Execution, Fault, Metering, Node, NodeKind, RawJson, Task, TaskState, Timestamp};
use utoipa::ToSchema;

/// A fault, of a node or of the execution it has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = ExecutionError)]
pub struct ErrorView {
    code: String,
    reason: String,
    retryable: bool,
    #[schema(value_type = Option<Object>)]
    info: Option<RawJson>,
    /// The node it happened in.
    node: Option<String>,
}

/// What invocations have used, summed over attempts.
#[derive(Serialize, ToSchema)]
#[schema(as = Metering)]
pub struct MeteringView {
    fuel: u64,
    peak_memory: u64,
    host_calls: u32,
    wall_us: u64,
}

/// A node of an execution.
#[derive(Serialize, ToSchema)]
#[schema(as = ExecutionNode)]
pub struct NodeView {
    id: String,
    name: String,
    /// `manual`, `step` or `decision`.
    #[serde(rename = "type")]
    kind: &'static str,
    step_type: Option<String>,
    /// `pending`, `running`, `retrying`, `deferred`, `waiting`, `open`, `completed`, `skipped`, `failed`, `cancelled`.
    status: &'static str,
    attempt: Option<u32>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When the host goes on by itself: a retry, a deferral, the end of waiting.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// What a waiting node is called back with.
    resume_key: Option<String>,
    #[schema(value_type = Option<Object>)]
    output: Option<RawJson>,
    error: Option<ErrorView>,
    /// Why it was skipped.
    reason: Option<String>,
    metering: MeteringView,
}

pub fn view_error(fault: &Fault, node: Option<String>) -> ErrorView {
    ErrorView {
        code: fault.code.clone(),
        reason: fault.reason.clone(),
        retryable: fault.retryable,
        info: fault.info.clone(),
        node,
    }
}

pub fn view_metering(used: &Metering) -> MeteringView {
    let Metering { fuel, peak_memory, host_calls, wall_us } = *used;
    MeteringView { fuel, peak_memory, host_calls, wall_us }
}

/// Tasks stand in the order of the definition's nodes.
pub fn nodes_of(app: &App, execution: &Execution, definition: &Definition) -> Vec<NodeView> {
    if execution.flow.is_some() {
        return NodeFace::all_of(execution, definition).into_iter().map(node_of_flow).collect();
    }
    let nodes = definition.graph.nodes.iter().map(Some).chain(std::iter::repeat(None));
    execution.tasks.iter().zip(nodes).map(|(task, node)| node_of(app, task, node)).collect()
}

/// A task of a flow, which keeps no account of what it has used.
fn node_of_flow(node: NodeFace) -> NodeView {
    NodeView {
        id: node.id,
        name: node.name,
        kind: node.kind.as_str(),
        step_type: None,
        status: match node.status {
            NodeStatus::Pending => "pending",
            NodeStatus::Running => "running",
            NodeStatus::Waiting => "open",
            NodeStatus::Completed => "completed",
            NodeStatus::Failed => "failed",
            NodeStatus::Skipped => "skipped",
            NodeStatus::Cancelled => "cancelled",
        },
        attempt: Some(node.attempts).filter(|attempts| *attempts > 0),
        started_at: node.started_at,
        ended_at: node.ended_at,
        due_at: None,
        resume_key: None,
        output: node.output,
        error: node.error.as_ref().map(|fault| view_error(fault, None)),
        reason: None,
        metering: view_metering(&Metering::default()),
    }
}

fn node_of(app: &App, task: &Task, node: Option<&Node>) -> NodeView {
    let (kind, step_type) = match node.map(|n| &n.kind) {
        Some(NodeKind::Step { step, .. }) => ("step", Some(step_type_of(app, step))),
        Some(NodeKind::Decision(_)) => ("decision", None),
        Some(NodeKind::Manual) | None => ("manual", None),
    };
    let mut view = NodeView {
        id: task.node.to_string(),
        name: node.map(|n| n.name.clone()).unwrap_or_default(),
        kind,
        step_type,
        status: task.state.name(),
        attempt: None,
        started_at: task.started_at,
        ended_at: None,
        due_at: task.state.due(),
        resume_key: None,
        output: None,
        error: None,
        reason: None,
        metering: view_metering(&task.metering),
    };
    match &task.state {
        TaskState::Pending | TaskState::Open { .. } => {}
        TaskState::Running { attempt, .. } | TaskState::Deferred { attempt, .. } => view.attempt = Some(*attempt),
        TaskState::Retrying { attempt, fault, .. } => {
            view.attempt = Some(*attempt);
            view.error = Some(view_error(fault, None));
        }
        TaskState::Waiting { attempt, resume_key, .. } => {
            view.attempt = Some(*attempt);
            view.resume_key = Some(resume_key.clone());
        }
        TaskState::Completed { at, output } => {
            view.ended_at = Some(*at);
            view.output = Some(output.clone());
        }
        TaskState::Skipped { at, reason } => {
            view.ended_at = Some(*at);
            view.reason = Some(reason.clone());
        }
        TaskState::Failed { at, attempt, fault } => {
            view.ended_at = Some(*at);
            view.attempt = Some(*attempt);
            view.error = Some(view_error(fault, None));
        }
        TaskState::Cancelled { at } => view.ended_at = Some(*at),
    }
    view
}
