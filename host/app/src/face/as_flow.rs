//! An execution of another API as a flow, for showing only: nodes are tasks, and edges are edges.

use super::{CoreStatus, Face, NodeFace, NodeStatus, NodeType};
use crate::usecases::ExecutionView;
use stepwright_engine::decision::DEFAULT_BRANCH;
use stepwright_engine::flow::{
    AgentSpec, Analytics, AutomationConfig, AutomationSpec, Closing, Condition, Context, Current, DecisionSpec, Edge,
    Flow, FlowStatus, FlowTrigger, StatusName, Task, TaskError, TaskKind, TaskSpec, TaskStatus, TriggerMode,
    TriggerType, vocab,
};
use stepwright_engine::{Definition, ExecutionStatus, NodeId, NodeKind, Timestamp, TriggerSource};

/// The flow that shows an execution which is none. Its id is the execution's.
pub(crate) fn as_flow(view: &ExecutionView) -> Flow {
    let (face, definition) = (Face::of(view), &*view.definition);
    let nodes = NodeFace::all(view);
    let started_at = face.started_at.unwrap_or(face.created_at);
    let latest = nodes.iter().filter_map(|n| n.ended_at.or(n.started_at)).max();
    let updated_at = face.ended_at.or(latest).unwrap_or(started_at);
    let since =
        |node: &NodeFace| Current { id: NodeId::new(&node.id), crt_since: node.started_at.unwrap_or(started_at) };
    let stands = |node: &&NodeFace| match node.status {
        NodeStatus::Running | NodeStatus::Waiting => true,
        // What has failed stays current until somebody looks after it.
        NodeStatus::Failed => !matches!(face.status, CoreStatus::Completed | CoreStatus::Cancelled),
        NodeStatus::Pending | NodeStatus::Completed | NodeStatus::Skipped | NodeStatus::Cancelled => false,
    };
    let reason = match &view.execution.status {
        ExecutionStatus::Cancelled { reason, .. } => reason.clone(),
        _ => None,
    };
    Flow {
        id: face.id.to_string(),
        flow_template_id: face.definition_id.to_string(),
        name: face.title.clone(),
        status: status(face.status, updated_at),
        created_at: face.created_at,
        updated_at,
        started_at,
        updated_by: None,
        started_by: None,
        due: None,
        due_date_config: None,
        assigned_to: Vec::new(),
        contexts: face.entities.iter().zip(0..).map(|(entity, place)| context(entity, place)).collect(),
        crt_tasks: nodes.iter().filter(stands).map(since).collect(),
        phases: Vec::new(),
        tasks: nodes.iter().map(|node| task(node, definition, face.created_at)).collect(),
        edges: edges(definition),
        trigger_node: NodeId::new("trigger"),
        trigger: FlowTrigger {
            kind: match face.trigger {
                TriggerSource::Manual => TriggerType::Manual,
                TriggerSource::Schedule | TriggerSource::Event | TriggerSource::Flow => TriggerType::Automatic,
            },
            automation_config: None,
            diff: None,
        },
        chain: None,
        closing: Closing { extra_description: reason, ..Closing::default() },
        available_in_ecp: false,
        entity_sync: Vec::new(),
        update_entity_attributes: Vec::new(),
        taxonomies: Vec::new(),
        linear: false,
        pins: view.execution.pins.clone(),
        deleted_at: None,
        history_seq: view.execution.history_seq,
        version: view.execution.version,
    }
}

/// Source: contracts/core-model.md 3.2.
pub(crate) const fn flow_status(status: CoreStatus) -> StatusName {
    match status {
        CoreStatus::Completed => StatusName::Done,
        CoreStatus::Cancelled | CoreStatus::Expired => StatusName::Closed,
        CoreStatus::Pending
        | CoreStatus::Running
        | CoreStatus::Waiting
        | CoreStatus::Suspended
        | CoreStatus::Paused
        | CoreStatus::Failed => StatusName::Started,
    }
}

const fn status(status: CoreStatus, at: Timestamp) -> FlowStatus {
    match flow_status(status) {
        StatusName::Started => FlowStatus::Started,
        StatusName::Done => FlowStatus::Done { at },
        StatusName::Closed => FlowStatus::Closed { at, by: None },
    }
}

fn context(entity: &stepwright_engine::outcome::EntityRef, place: usize) -> Context {
    Context { is_primary: place == 0, ..Context::new(entity.schema.clone(), entity.id.clone()) }
}

fn edges(definition: &Definition) -> Vec<Edge> {
    let edge = |edge: &stepwright_engine::Edge| {
        let none_met = edge.branch.as_deref() == Some(DEFAULT_BRANCH);
        Edge {
            id: format!("{}-{}", edge.from, edge.to),
            from_id: edge.from.clone(),
            to_id: edge.to.clone(),
            condition_id: edge.branch.clone().filter(|_| !none_met),
            none_met,
        }
    };
    definition.graph.edges.iter().map(edge).collect()
}

fn task(node: &NodeFace, definition: &Definition, created_at: Timestamp) -> Task {
    let id = NodeId::new(&node.id);
    let status = match (node.status, node.kind) {
        (NodeStatus::Pending, _) | (NodeStatus::Waiting, NodeType::Manual) => TaskStatus::Pending,
        (NodeStatus::Waiting, NodeType::Step | NodeType::Decision | NodeType::Agent) => {
            TaskStatus::WaitingForConfirmation
        }
        (NodeStatus::Running, _) => TaskStatus::InProgress,
        (NodeStatus::Completed, _) => TaskStatus::Completed,
        (NodeStatus::Failed, _) => TaskStatus::Failed,
        (NodeStatus::Skipped | NodeStatus::Cancelled, _) => TaskStatus::Skipped,
    };
    Task {
        template_id: id.clone(),
        name: node.name.clone(),
        status,
        description: None,
        phase_id: None,
        requirements: Vec::new(),
        due: None,
        due_date_config: None,
        assigned_to: Vec::new(),
        analytics: Analytics {
            started_at: node.started_at,
            in_progress_at: node.started_at,
            completed_at: node.ended_at.filter(|_| status.is_finished()),
            status_updated_at: node.ended_at.or(node.started_at),
            ..Analytics::default()
        },
        created_at,
        updated_at: node.ended_at.or(node.started_at).unwrap_or(created_at),
        manually_created: false,
        enabled: true,
        enabled_override: None,
        ecp: None,
        installer: None,
        partner: None,
        journey: None,
        taxonomies: Vec::new(),
        entity_ref: None,
        error: node.error.clone().filter(|_| status == TaskStatus::Failed).map(TaskError::from),
        reached: node.status != NodeStatus::Pending,
        awaits_start: false,
        attempt: node.attempts,
        kind: TaskKind::from(spec(node, definition)),
        id,
    }
}

fn spec(node: &NodeFace, definition: &Definition) -> TaskSpec {
    match node.kind {
        NodeType::Manual => TaskSpec::Manual,
        NodeType::Step => TaskSpec::Automation(AutomationSpec {
            automation_config: AutomationConfig {
                flow_id: node.step.clone().unwrap_or_else(|| node.id.clone()),
                input_context: None,
            },
            trigger_mode: TriggerMode::Automatic,
            schedule: None,
        }),
        NodeType::Agent => TaskSpec::AiAgent(AgentSpec::default()),
        NodeType::Decision => {
            let decision = definition.graph.node(&NodeId::new(&node.id)).and_then(|n| match &n.kind {
                NodeKind::Decision(decision) => Some(decision),
                NodeKind::Manual | NodeKind::Step { .. } => None,
            });
            let condition = |branch: &stepwright_engine::decision::Branch| Condition {
                id: branch.id.clone(),
                branch_name: branch.name.clone(),
                logical_operator: if branch.any { vocab::LogicalOperator::Or } else { vocab::LogicalOperator::And },
                statements: Vec::new(),
                custom_condition: None,
                evaluated_at: None,
                is_met: None,
            };
            TaskSpec::Decision(DecisionSpec {
                trigger_mode: TriggerMode::Automatic,
                conditions: decision.map(|d| d.branches.iter().map(condition).collect()).unwrap_or_default(),
                allow_parallel_execution: decision.is_some_and(|d| d.parallel),
                schedule: None,
                loop_config: None,
            })
        }
    }
}
