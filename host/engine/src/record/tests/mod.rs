mod effects;
mod hosting;
mod properties;
mod table;

use super::*;
use crate::{CustomerId, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub(super) const ACTOR: &str = "tester";

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_000 + secs)
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

pub(super) fn new() -> NewRecord {
    NewRecord {
        workflow_type: WorkflowType::Lead,
        customer_id: CustomerId::from_uuid(Uuid::from_u128(1)),
        stage: Some("new".into()),
        title: None,
        reference: None,
        assigned_to: None,
        state: object(json!({ "kept": 1 })),
        expires_at: None,
        next_action_at: None,
    }
}

pub(super) fn opened() -> Record {
    open(new(), ACTOR, at(0)).unwrap().next
}

pub(super) fn patch(status: Option<RecordStatusName>) -> Advance {
    Advance { action: "moved".into(), status, ..Advance::default() }
}

pub(super) fn to(status: RecordStatusName) -> Command {
    Command::Advance(Box::new(patch(Some(status))))
}

pub(super) fn suspend() -> Command {
    Command::Suspend { step: "wait".into(), payload: Some(object(json!({ "p": 1 }))) }
}

pub(super) fn resume() -> Command {
    Command::Resume { data: Map::new() }
}

/// A record in this status.
pub(super) fn in_status(status: RecordStatusName) -> Record {
    match status {
        RecordStatusName::Active => opened(),
        RecordStatusName::Suspended => run(&opened(), &suspend()),
        other => run(&opened(), &to(other)),
    }
}

pub(super) fn run(record: &Record, command: &Command) -> Record {
    apply(record, command, ACTOR, at(1)).unwrap().next
}

pub(super) fn entries(transition: &Transition) -> Vec<&Entry> {
    fn entry(happening: &Happening) -> Option<&Entry> {
        match happening {
            Happening::Acted(entry) | Happening::Denied(entry) => Some(entry),
            Happening::NextActionDue { .. } => None,
        }
    }
    transition.happened.iter().filter_map(entry).collect()
}
