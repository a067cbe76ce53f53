//! The answers that show an execution, whichever API it was made with (source: contracts/core-model.md 3.2, 3.3).

use crate::smartmca::ids;
use crate::smartmca::wire::{
    ExecutionDetail, ExecutionError, ExecutionItem, ExecutionStatus, Node, NodeError, NodeStatus, Triggered,
};
use stepwright_app::face::{self, CoreStatus, Face, NodeFace};
use stepwright_app::usecases::ExecutionView;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Fault, Timestamp};

/// The answer to a trigger. It has not begun when it is accepted, however soon it does.
pub(in crate::smartmca) fn triggered(view: &ExecutionView, entity: EntityRef) -> Triggered {
    let name = view.definition.name.clone();
    Triggered {
        execution_id: ids::execution_id(view.execution.id),
        workflow_id: ids::workflow_id(view.execution.definition_id),
        message: format!("Workflow \"{name}\" triggered"),
        workflow_name: name,
        entity_type: entity.schema,
        entity_id: entity.id,
        status: ExecutionStatus::Pending,
    }
}

/// An execution in a list.
pub(in crate::smartmca) fn item(view: &ExecutionView) -> ExecutionItem {
    item_of(Face::of(view))
}

/// An execution with its nodes.
pub(in crate::smartmca) fn detail(view: &ExecutionView) -> ExecutionDetail {
    let face = Face::of(view);
    ExecutionDetail {
        nodes: NodeFace::all(view).into_iter().map(node).collect(),
        context: face.input.clone(),
        is_paused: face.status == CoreStatus::Paused,
        paused_node_id: face.paused_at.clone(),
        has_errors: face.has_errors,
        item: item_of(face),
    }
}

/// What lists and webhooks tell of an execution.
pub(in crate::smartmca) fn item_of(face: Face) -> ExecutionItem {
    let id = ids::execution_id(face.id);
    let entity = face.entity().cloned();
    let (entity_type, entity_id) = entity.map(|e| (e.schema, e.id)).unzip();
    ExecutionItem {
        execution_id: id.clone(),
        id,
        workflow_id: ids::workflow_id(face.definition_id),
        workflow_name: face.title,
        entity_type,
        entity_id,
        status: status(face.status),
        triggered_by: face.trigger.as_str(),
        started_at: face.started_at.map(Timestamp::to_rfc3339_millis),
        completed_at: face.ended_at.map(Timestamp::to_rfc3339_millis),
        created_at: face.created_at.to_rfc3339_millis(),
        error: face.error.map(|error| ExecutionError {
            node_id: error.node,
            code: error.fault.code,
            message: error.fault.reason,
        }),
    }
}

/// What has no word of its own here counts as the nearest one that has.
const fn status(status: CoreStatus) -> ExecutionStatus {
    match status {
        CoreStatus::Pending => ExecutionStatus::Pending,
        CoreStatus::Running | CoreStatus::Waiting | CoreStatus::Suspended | CoreStatus::Paused => {
            ExecutionStatus::Running
        }
        CoreStatus::Completed => ExecutionStatus::Completed,
        CoreStatus::Failed => ExecutionStatus::Failed,
        CoreStatus::Cancelled | CoreStatus::Expired => ExecutionStatus::Cancelled,
    }
}

/// The core's names of what [`status`] shows as `shown`.
pub(in crate::smartmca) fn core_statuses(shown: ExecutionStatus) -> Vec<String> {
    CoreStatus::names(|core| status(core) == shown)
}

fn node(node: NodeFace) -> Node {
    let error = |fault: Fault| NodeError { code: fault.code, message: fault.reason };
    Node {
        node_id: node.id,
        name: node.name,
        kind: node.kind.as_str(),
        status: match node.status {
            face::NodeStatus::Pending => NodeStatus::Pending,
            face::NodeStatus::Running | face::NodeStatus::Waiting => NodeStatus::Running,
            face::NodeStatus::Completed => NodeStatus::Completed,
            face::NodeStatus::Failed => NodeStatus::Failed,
            face::NodeStatus::Skipped | face::NodeStatus::Cancelled => NodeStatus::Skipped,
        },
        attempts: node.attempts,
        started_at: node.started_at.map(Timestamp::to_rfc3339_millis),
        completed_at: node.ended_at.map(Timestamp::to_rfc3339_millis),
        result: node.output,
        error: node.error.map(error),
    }
}
