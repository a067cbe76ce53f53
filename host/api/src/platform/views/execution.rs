//! One view of an execution over all dialects.

use super::definition::step_type_of;
use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::App;
use stepwright_app::ports::ExecutionSummary;
use stepwright_app::usecases::ExecutionView;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, Execution, ExecutionStatus, Fault, HistoryEvent, Metering, Node, NodeKind, RawJson, Task, TaskState,
    Timestamp,
};
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
struct NodeView {
    id: String,
    name: String,
    /// `manual` or `step`.
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

/// An execution with its nodes.
#[derive(Serialize, ToSchema)]
#[schema(as = Execution)]
pub struct ExecutionDetail {
    id: String,
    definition_id: String,
    definition_version: u32,
    dialect: &'static str,
    /// `flow` or `run`.
    kind: &'static str,
    title: String,
    /// `pending`, `running`, `paused`, `completed`, `failed`, `cancelled`.
    status: &'static str,
    trigger: TriggerView,
    #[schema(value_type = Object)]
    input: RawJson,
    #[schema(value_type = Option<Object>)]
    entity: Option<EntityRef>,
    /// The last completed node's output.
    #[schema(value_type = Option<Object>)]
    output: Option<RawJson>,
    error: Option<ErrorView>,
    /// Why it was cancelled.
    reason: Option<String>,
    nodes: Vec<NodeView>,
    /// Plugin name → digest this execution finishes on.
    #[schema(value_type = Object)]
    pins: std::collections::BTreeMap<String, String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    version: u64,
}

/// What set it off.
#[derive(Serialize, ToSchema)]
#[schema(as = ExecutionTrigger)]
struct TriggerView {
    /// `manual`, `schedule`, `event` or `flow`.
    kind: &'static str,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<Timestamp>,
    #[schema(value_type = Option<Object>)]
    event: Option<RawJson>,
    parent_execution_id: Option<String>,
}

/// What a start answers while the execution has not ended.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedExecution)]
pub struct AcceptedView {
    id: String,
    status: &'static str,
}

/// What a start answers once the execution has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedExecution)]
pub struct EndedView {
    id: String,
    status: &'static str,
    #[schema(value_type = Option<Object>)]
    output: Option<RawJson>,
    error: Option<ErrorView>,
    nodes: Vec<NodeView>,
}

/// An execution in a list, without its nodes.
#[derive(Serialize, ToSchema)]
#[schema(as = ExecutionSummary)]
pub struct SummaryView {
    id: String,
    definition_id: String,
    dialect: &'static str,
    kind: String,
    title: String,
    status: String,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// A line of an execution's history.
#[derive(Serialize, ToSchema)]
pub struct HistoryLine {
    /// From 1, without gaps.
    seq: u64,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `system`, `operator`, a user or `key:<id>`.
    actor: String,
    /// Such as `execution.started`.
    kind: &'static str,
    node: Option<String>,
    /// The execution's status before and after.
    from: String,
    to: String,
    #[schema(value_type = Option<Object>)]
    detail: Option<RawJson>,
}

impl From<&ExecutionView> for AcceptedView {
    fn from(view: &ExecutionView) -> Self {
        Self { id: view.execution.id.to_string(), status: view.execution.status.name() }
    }
}

impl EndedView {
    /// The view of an execution that has ended.
    pub fn of(app: &App, view: &ExecutionView) -> Self {
        let execution = &view.execution;
        Self {
            id: execution.id.to_string(),
            status: execution.status.name(),
            output: execution.output().cloned(),
            error: error_of(execution),
            nodes: nodes_of(app, execution, &view.definition),
        }
    }
}

impl ExecutionDetail {
    /// The whole view.
    pub fn of(app: &App, view: &ExecutionView) -> Self {
        let execution = &*view.execution;
        let trigger = &execution.trigger;
        Self {
            id: execution.id.to_string(),
            definition_id: execution.definition_id.to_string(),
            definition_version: execution.definition_version,
            dialect: execution.dialect.as_str(),
            kind: execution.kind.as_str(),
            title: execution.title.clone(),
            status: execution.status.name(),
            trigger: TriggerView {
                kind: trigger.source.as_str(),
                scheduled_for: trigger.scheduled_for,
                event: trigger.event.clone(),
                parent_execution_id: trigger.parent.map(|(id, _)| id.to_string()),
            },
            input: execution.input.clone(),
            entity: execution.entity.clone(),
            output: execution.output().cloned(),
            error: error_of(execution),
            reason: match &execution.status {
                ExecutionStatus::Cancelled { reason, .. } => reason.clone(),
                _ => None,
            },
            nodes: nodes_of(app, execution, &view.definition),
            pins: execution.pins.clone(),
            created_at: execution.created_at,
            started_at: execution.started_at,
            ended_at: execution.status.ended_at(),
            version: execution.version,
        }
    }
}

impl From<ExecutionSummary> for SummaryView {
    fn from(summary: ExecutionSummary) -> Self {
        Self {
            id: summary.id.to_string(),
            definition_id: summary.definition_id.to_string(),
            dialect: summary.dialect.as_str(),
            kind: summary.kind,
            title: summary.title,
            status: summary.status,
            created_at: summary.created_at,
            updated_at: summary.updated_at,
            ended_at: summary.ended_at,
        }
    }
}

pub fn view_history(execution: &Execution, event: HistoryEvent) -> HistoryLine {
    HistoryLine {
        seq: event.seq,
        at: event.at,
        actor: event.actor.label(),
        kind: event.kind.as_str(),
        node: event.task.and_then(|id| execution.task(id)).map(|task| task.node.to_string()),
        from: event.from.into_owned(),
        to: event.to.into_owned(),
        detail: event.detail,
    }
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

/// Why the execution has failed or stands still.
fn error_of(execution: &Execution) -> Option<ErrorView> {
    match &execution.status {
        ExecutionStatus::Failed { task, fault, .. } => {
            let node = task.and_then(|id| execution.task(id)).map(|task| task.node.to_string());
            Some(view_error(fault, node))
        }
        ExecutionStatus::Paused { node: Some(node), .. } => match &execution.task_of(node)?.state {
            TaskState::Failed { fault, .. } => Some(view_error(fault, Some(node.to_string()))),
            _ => None,
        },
        _ => None,
    }
}

/// Tasks stand in the order of the definition's nodes.
fn nodes_of(app: &App, execution: &Execution, definition: &Definition) -> Vec<NodeView> {
    let nodes = definition.graph.nodes.iter().map(Some).chain(std::iter::repeat(None));
    execution.tasks.iter().zip(nodes).map(|(task, node)| node_of(app, task, node)).collect()
}

fn node_of(app: &App, task: &Task, node: Option<&Node>) -> NodeView {
    let (kind, step_type) = match node.map(|n| &n.kind) {
        Some(NodeKind::Step { step, .. }) => ("step", Some(step_type_of(app, step))),
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
