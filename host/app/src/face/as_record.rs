//! An execution of another API as a record, for showing only.

use super::{CoreStatus, Face};
use crate::usecases::{ExecutionView, RecordCaller};
use serde_json::{Map, Value};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::record::{Entry, Record, RecordStatus, RecordStatusName, Suspension, WorkflowType};
use stepwright_engine::{CustomerId, EventKind, Execution, HistoryEvent, RawJson, Timestamp};

/// The type that every execution of another API is of.
pub(crate) const FOREIGN_TYPE: WorkflowType = WorkflowType::Custom;

/// The status that records have a word for (source: contracts/core-model.md 3.2). What has not begun is on its way.
pub(crate) const fn record_status(status: CoreStatus) -> RecordStatusName {
    match status {
        CoreStatus::Pending | CoreStatus::Running => RecordStatusName::Active,
        CoreStatus::Waiting => RecordStatusName::AwaitingApproval,
        CoreStatus::Suspended => RecordStatusName::Suspended,
        CoreStatus::Paused => RecordStatusName::Paused,
        CoreStatus::Completed => RecordStatusName::Completed,
        CoreStatus::Failed => RecordStatusName::Failed,
        CoreStatus::Cancelled => RecordStatusName::Cancelled,
        CoreStatus::Expired => RecordStatusName::Expired,
    }
}

/// The execution with a record that shows it, and its history as a record's.
pub(crate) fn as_record(view: &ExecutionView, history: Vec<HistoryEvent>) -> (Execution, Vec<HistoryEvent>) {
    let face = Face::of(view);
    let last = history.iter().rfind(|event| event.seq <= view.execution.history_seq).map(|event| event.at);
    let since = last.unwrap_or(face.created_at);
    let record = Record {
        workflow_type: FOREIGN_TYPE,
        customer_id: face.entity().and_then(customer).unwrap_or_else(nobody),
        status: status(&face, since),
        stage: face.stage,
        title: Some(face.title),
        reference: face.entities.first().map(|entity| format!("{}/{}", entity.schema, entity.id)),
        assigned_to: None,
        approver_id: None,
        escalation_level: 0,
        state: state(&face.input),
        expires_at: None,
        next_action_at: None,
        due_told: true,
        created_at: face.created_at,
        updated_at: since,
        last_action_at: last,
    };
    let told = history.into_iter().map(|event| told(event, &view.execution)).collect();
    (Execution { record: Some(Box::new(record)), ..Execution::clone(&view.execution) }, told)
}

/// Customers are UUIDs: an entity that is named by one is a customer to those who know nothing else. Only the usual
/// spelling counts, by which it is looked for.
fn customer(entity: &EntityRef) -> Option<CustomerId> {
    let customer: CustomerId = entity.id.parse().ok()?;
    (customer.to_string() == entity.id).then_some(customer)
}

/// The customer of what is about no customer: every record names one.
pub(crate) const fn nobody() -> CustomerId {
    CustomerId::from_uuid(uuid::Uuid::nil())
}

fn status(face: &Face, since: Timestamp) -> RecordStatus {
    let at = face.ended_at.unwrap_or(since);
    match record_status(face.status) {
        RecordStatusName::Active => RecordStatus::Active,
        RecordStatusName::AwaitingApproval => RecordStatus::AwaitingApproval { since },
        RecordStatusName::Paused => RecordStatus::Paused { since },
        RecordStatusName::Suspended => RecordStatus::Suspended(Box::new(Suspension {
            step: face.stage.clone().unwrap_or_default(),
            at: since,
            payload: None,
            before: RecordStatusName::Active,
        })),
        RecordStatusName::Completed => RecordStatus::Completed { at },
        RecordStatusName::Expired => RecordStatus::Expired { at },
        RecordStatusName::Cancelled => RecordStatus::Cancelled { at },
        RecordStatusName::Failed => RecordStatus::Failed { at },
    }
}

/// Always an object, as a record's state is.
fn state(input: &RawJson) -> Map<String, Value> {
    match input.to_value() {
        Value::Object(state) => state,
        Value::Null => Map::new(),
        other => [("input".to_owned(), other)].into_iter().collect(),
    }
}

/// A line as records tell it: what they have a word for goes by it.
fn told(event: HistoryEvent, execution: &Execution) -> HistoryEvent {
    let action = match event.kind {
        EventKind::ExecutionCreated => "created",
        EventKind::ExecutionSuspended => "suspended",
        EventKind::ExecutionResumed => "resumed",
        EventKind::ExecutionCancelled => "aborted",
        EventKind::ExecutionExpired => "expired",
        other => other.as_str(),
    };
    let word = |text: &str| CoreStatus::parse(text).map_or(RecordStatusName::Active, record_status);
    let node = event.task.and_then(|id| execution.task(id)).map(|task| task.node.to_string());
    let entry = Entry {
        action: action.to_owned(),
        actor: RecordCaller::of(&event.actor).name,
        detail: detail(event.detail, node),
        from_status: (event.kind != EventKind::ExecutionCreated).then(|| word(&event.from)),
        to_status: word(&event.to),
        from_stage: None,
        to_stage: None,
    };
    // An entry always serializes: its members are texts.
    HistoryEvent { detail: RawJson::of(&entry).ok(), ..event }
}

/// The particulars, with the node it happened at.
fn detail(detail: Option<RawJson>, node: Option<String>) -> Option<RawJson> {
    let Some(node) = node else { return detail };
    let mut told = match detail.map(|detail| detail.to_value()) {
        Some(Value::Object(members)) => members,
        None | Some(Value::Null) => Map::new(),
        Some(other) => [("detail".to_owned(), other)].into_iter().collect(),
    };
    told.insert("node".into(), node.into());
    Some(RawJson::from(Value::Object(told)))
}
