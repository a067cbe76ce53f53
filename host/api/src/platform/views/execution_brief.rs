//! Executions in lists and answers that need no nodes, and their history.

use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::ExecutionSummary;
use stepwright_app::usecases::ExecutionView;
use stepwright_engine::{Execution, HistoryEvent, RawJson, Timestamp};
use utoipa::ToSchema;

/// What a start answers while the execution has not ended.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedExecution)]
pub struct AcceptedView {
    id: String,
    status: &'static str,
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
        Self { id: view.execution.id.to_string(), status: CoreStatus::of(&view.execution).as_str() }
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
