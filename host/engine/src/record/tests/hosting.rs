//! A record as an execution.

use super::*;
use crate::{
    Actor, DefinitionId, EventKind, Execution, ExecutionId, ExecutionKind, ExecutionStatus, InstanceId, TenantId,
};

fn hosted() -> crate::Transition {
    let new_execution = NewRecordExecution {
        id: ExecutionId::from_uuid(Uuid::from_u128(1)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
        instance_id: InstanceId::from_uuid(Uuid::from_u128(3)),
        definition_id: DefinitionId::from_uuid(Uuid::from_u128(4)),
    };
    Execution::of_record(new_execution, open(new(), ACTOR, at(0)).unwrap(), &Actor::System)
}

fn moved(execution: &Execution, command: &Command, secs: i64) -> crate::Transition {
    let record = execution.record.as_deref().unwrap();
    execution.advanced(apply(record, command, ACTOR, at(secs)).unwrap(), &Actor::System, at(secs))
}

#[test]
fn an_open_record_runs_and_shows_itself_in_the_execution() {
    let crate::Transition { next, events } = hosted();
    assert_eq!((next.kind, next.version, next.history_seq), (ExecutionKind::Record, 1, 1));
    assert_eq!((next.status.name(), next.title.as_str()), ("running", "lead"));
    assert_eq!(next.entity.as_ref().unwrap().id, Uuid::from_u128(1).to_string());
    assert_eq!(events[0].kind, EventKind::ExecutionCreated);
    assert_eq!(events[0].detail.as_ref().unwrap().to_value()["action"], "created");
    assert!(!next.is_working());
}

#[test]
fn every_status_has_its_core_status_and_its_event() {
    use RecordStatusName::*;
    for (status, core, kind) in [
        (AwaitingApproval, "waiting", EventKind::RecordChanged),
        (Paused, "paused", EventKind::ExecutionPaused),
        (Suspended, "suspended", EventKind::ExecutionSuspended),
        (Completed, "completed", EventKind::ExecutionCompleted),
        (Expired, "expired", EventKind::ExecutionExpired),
        (Cancelled, "cancelled", EventKind::ExecutionCancelled),
        (Failed, "failed", EventKind::ExecutionFailed),
    ] {
        let crate::Transition { next, events } = moved(&hosted().next, &to(status), 3);
        assert_eq!((next.status.name(), events[0].kind), (core, kind));
        assert_eq!((&*events[0].from, &*events[0].to, events[0].seq), ("running", core, 2));
        assert_eq!(next.status.ended_at(), status.is_terminal().then_some(at(3)));
        assert_eq!(next.version, 2);
    }
    let suspended = moved(&hosted().next, &suspend(), 3).next;
    assert_eq!(suspended.status, ExecutionStatus::Suspended { at: at(3) });
    assert_eq!(moved(&suspended, &resume(), 4).events[0].kind, EventKind::ExecutionResumed);
}

#[test]
fn a_record_survives_its_document() {
    let next = moved(&hosted().next, &suspend(), 3).next;
    let text = serde_json::to_string(&next).unwrap();
    assert_eq!(serde_json::from_str::<Execution>(&text).unwrap(), next);
}

#[test]
fn the_execution_is_due_when_its_record_is() {
    let advance = Advance { expires_at: Change::Set(at(60)), ..patch(Some(RecordStatusName::Paused)) };
    let next = moved(&hosted().next, &Command::Advance(Box::new(advance)), 3).next;
    assert_eq!(next.next_due(), Some(at(60)));
    assert_eq!(moved(&next, &Command::Abort, 4).next.next_due(), None);
}

#[test]
fn a_due_next_action_is_an_event_that_leaves_the_record_as_it_is() {
    let advance = Advance { next_action_at: Change::Set(at(60)), ..patch(None) };
    let next = moved(&hosted().next, &Command::Advance(Box::new(advance)), 3).next;
    let told = moved(&next, &Command::TimerFired, 60);
    assert_eq!(told.events[0].kind, EventKind::RecordDue);
    let record = told.next.record.unwrap();
    assert_eq!((record.updated_at, record.last_action_at), (at(3), Some(at(3))));
}
