//! One view of an execution over all dialects.

use super::execution_node::{ErrorView, NodeView, nodes_of, view_error};
use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::face::CoreStatus;
use stepwright_app::usecases::ExecutionView;
use stepwright_app::{App, Emitted};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Execution, ExecutionStatus, RawJson, TaskState, Timestamp};
use utoipa::ToSchema;

/// An execution with its nodes.
#[derive(Serialize, ToSchema)]
#[schema(as = Execution)]
pub struct ExecutionDetail {
    id: String,
    definition_id: String,
    definition_version: u32,
    dialect: &'static str,
    /// `flow`, `run` or `record`.
    kind: &'static str,
    title: String,
    /// `pending`, `running`, `waiting`, `suspended`, `paused`, `completed`, `failed`, `cancelled`, `expired`.
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

impl EndedView {
    /// The view of an execution that has ended.
    pub fn of(app: &App, view: &ExecutionView) -> Self {
        let execution = &view.execution;
        Self {
            id: execution.id.to_string(),
            status: CoreStatus::of(execution).as_str(),
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
        // What an entity's change has started has a depth, but no execution above it.
        let parent = trigger.parent.map(|(id, _)| id).filter(|id| *id != Emitted::NOBODY);
        Self {
            id: execution.id.to_string(),
            definition_id: execution.definition_id.to_string(),
            definition_version: execution.definition_version,
            dialect: execution.dialect.as_str(),
            kind: execution.kind.as_str(),
            title: execution.title.clone(),
            status: CoreStatus::of(execution).as_str(),
            trigger: TriggerView {
                kind: trigger.source.as_str(),
                scheduled_for: trigger.scheduled_for,
                event: trigger.event.clone(),
                parent_execution_id: parent.map(|id| id.to_string()),
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
