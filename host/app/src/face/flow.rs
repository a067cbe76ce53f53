//! Flows (epilot).

use super::{FaceError, NodeFace, NodeStatus, NodeType};
use stepwright_engine::flow::{Flow, Task, TaskError, TaskKind, TaskStatus};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Fault, RawJson};

/// The names of the phases of the current tasks; of the tasks themselves where there are no phases.
pub(super) fn stage(flow: &Flow) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for task in current(flow) {
        let phase = task.phase_id.as_ref().and_then(|id| flow.phases.iter().find(|p| &p.id == id));
        let name = phase.map_or(task.name.as_str(), |p| p.name.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

fn current(flow: &Flow) -> impl Iterator<Item = &Task> {
    flow.crt_tasks.iter().filter_map(|current| flow.tasks.iter().find(|task| task.id == current.id))
}

pub(super) fn entities(flow: &Flow) -> Vec<EntityRef> {
    let mut contexts: Vec<_> = flow.contexts.iter().collect();
    // The primary one first; the others in their order.
    contexts.sort_by_key(|context| !context.is_primary);
    contexts.into_iter().map(|c| EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() }).collect()
}

pub(super) fn has_errors(flow: &Flow) -> bool {
    flow.tasks.iter().any(|task| task.status == TaskStatus::Failed)
}

pub(super) fn waits_for_a_person(flow: &Flow) -> bool {
    let mut waiting = false;
    for task in current(flow) {
        match (&task.kind, task.status) {
            (TaskKind::Manual, _) | (_, TaskStatus::OnHold | TaskStatus::WaitingForConfirmation) => waiting = true,
            (TaskKind::Automation(_) | TaskKind::Decision(_) | TaskKind::AiAgent(_), _) => {}
        }
    }
    waiting
}

pub(super) fn error(flow: &Flow) -> Option<FaceError> {
    let failed = flow.tasks.iter().find(|task| task.status == TaskStatus::Failed)?;
    Some(FaceError { node: Some(failed.id.to_string()), fault: fault(failed.error.as_ref()) })
}

fn fault(error: Option<&TaskError>) -> Fault {
    match error {
        Some(error) => Fault::permanent(&error.error_code, &error.error_reason),
        None => Fault::permanent("FAILED", "the task has failed"),
    }
}

pub(super) fn nodes(flow: &Flow) -> Vec<NodeFace> {
    flow.tasks.iter().map(node).collect()
}

fn node(task: &Task) -> NodeFace {
    let (kind, output) = match &task.kind {
        TaskKind::Manual => (NodeType::Manual, None),
        TaskKind::Automation(_) => (NodeType::Step, None),
        TaskKind::Decision(decision) => {
            let chosen = decision.chosen.as_ref();
            (NodeType::Decision, chosen.and_then(|chosen| RawJson::of(chosen).ok()))
        }
        TaskKind::AiAgent(agent) => {
            (NodeType::Agent, agent.run.as_ref().and_then(|run| run.output.clone()).map(RawJson::from))
        }
    };
    let status = match task.status {
        TaskStatus::Pending if task.reached && matches!(task.kind, TaskKind::Manual) => NodeStatus::Waiting,
        TaskStatus::Pending => NodeStatus::Pending,
        TaskStatus::InProgress | TaskStatus::Scheduled | TaskStatus::ConditionPending => NodeStatus::Running,
        TaskStatus::OnHold | TaskStatus::WaitingForConfirmation => NodeStatus::Waiting,
        TaskStatus::Completed => NodeStatus::Completed,
        TaskStatus::Skipped => NodeStatus::Skipped,
        TaskStatus::Failed => NodeStatus::Failed,
    };
    let ended_at = match status {
        NodeStatus::Completed | NodeStatus::Skipped => task.finished_at(),
        NodeStatus::Failed => task.analytics.status_updated_at,
        NodeStatus::Pending | NodeStatus::Running | NodeStatus::Waiting | NodeStatus::Cancelled => None,
    };
    NodeFace {
        id: task.id.to_string(),
        name: task.name.clone(),
        kind,
        step: None,
        status,
        attempts: task.attempt,
        started_at: task.analytics.started_at,
        ended_at,
        output,
        error: (task.status == TaskStatus::Failed).then(|| fault(task.error.as_ref())),
    }
}
