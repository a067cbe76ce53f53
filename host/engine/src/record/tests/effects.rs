//! What the transitions do besides moving the status (source: contracts/hydracore.md 2A, Effects).

use super::*;
use crate::{ApproverId, RawJson};

#[test]
fn the_state_is_merged_by_top_level_members_and_null_is_a_value() {
    let record = Record { state: object(json!({ "a": { "x": 1 }, "b": 1, "c": 1 })), ..opened() };
    let state = object(json!({ "a": { "y": 2 }, "b": null, "d": [1] }));
    let moved = run(&record, &Command::Advance(Box::new(Advance { state, ..patch(None) })));
    assert_eq!(Value::Object(moved.state), json!({ "a": { "y": 2 }, "b": null, "c": 1, "d": [1] }));
}

#[test]
fn what_a_patch_does_not_name_stays_and_null_clears() {
    let all = Advance {
        stage: Change::Set("next".into()),
        approver_id: Change::Set(ApproverId::from_uuid(Uuid::from_u128(9))),
        assigned_to: Change::Set("ada".into()),
        escalation_level: Some(3),
        expires_at: Change::Set(at(100)),
        next_action_at: Change::Set(at(50)),
        ..patch(None)
    };
    let set = run(&opened(), &Command::Advance(Box::new(all)));
    let kept = run(&set, &Command::Advance(Box::new(patch(None))));
    assert_eq!(kept, Record { updated_at: at(1), last_action_at: Some(at(1)), ..set.clone() });
    let clear = Advance {
        stage: Change::Clear,
        approver_id: Change::Clear,
        assigned_to: Change::Clear,
        expires_at: Change::Clear,
        next_action_at: Change::Clear,
        ..patch(None)
    };
    let cleared = run(&set, &Command::Advance(Box::new(clear)));
    let left = (cleared.stage, cleared.approver_id, cleared.assigned_to, cleared.expires_at, cleared.next_action_at);
    assert_eq!(left, (None, None, None, None, None));
    assert_eq!(cleared.escalation_level, 3);
}

#[test]
fn resuming_merges_payload_then_data_and_forgets_the_suspension() {
    let record = Record { state: object(json!({ "a": 0, "b": 0, "c": 0 })), ..opened() };
    let payload = Some(object(json!({ "b": 1, "c": 1 })));
    let suspended = run(&record, &Command::Suspend { step: "sign".into(), payload: payload.clone() });
    let suspension = suspended.suspension().unwrap();
    assert_eq!((suspension.step.as_str(), suspension.at, &suspension.payload), ("sign", at(1), &payload));
    assert_eq!(suspension.before, RecordStatusName::Active);
    assert_eq!(suspended.state, record.state);
    let resumed = run(&suspended, &Command::Resume { data: object(json!({ "c": 2, "d": 2 })) });
    assert_eq!(Value::Object(resumed.state), json!({ "a": 0, "b": 1, "c": 2, "d": 2 }));
    assert_eq!((resumed.status, resumed.stage.as_deref()), (RecordStatus::Active, Some("new")));
}

#[test]
fn a_patch_to_suspended_uses_the_stage_as_the_step() {
    let with_stage = Advance { stage: Change::Set("review".into()), ..patch(Some(RecordStatusName::Suspended)) };
    let record = run(&opened(), &Command::Advance(Box::new(with_stage)));
    assert_eq!(record.suspension().unwrap().step, "review");
    let without = run(&Record { stage: None, ..opened() }, &to(RecordStatusName::Suspended));
    assert_eq!(without.suspension().unwrap().step, "moved");
    // A no-op as far as the status goes: the suspension stays what it was.
    let again = run(&record, &to(RecordStatusName::Suspended));
    assert_eq!(again.suspension(), record.suspension());
}

#[test]
fn aborting_clears_the_next_action() {
    let record = Record { next_action_at: Some(at(9)), ..opened() };
    assert_eq!(run(&record, &Command::Abort).next_action_at, None);
}

#[test]
fn a_next_action_is_told_once_and_again_only_for_a_new_instant() {
    let record = Record { next_action_at: Some(at(5)), ..opened() };
    assert_eq!(record.next_due(), Some(at(5)));
    let told = apply(&record, &Command::TimerFired, "system", at(6)).unwrap();
    assert_eq!(told.happened, [Happening::NextActionDue { at: at(5) }]);
    assert_eq!(told.next, Record { due_told: true, ..record.clone() });
    assert_eq!(told.next.next_due(), None);
    assert_eq!(apply(&told.next, &Command::TimerFired, "system", at(7)), Err(RecordError::NothingDue));
    let set = |instant| {
        let advance = Advance { next_action_at: Change::Set(instant), ..patch(None) };
        run(&told.next, &Command::Advance(Box::new(advance))).next_due()
    };
    assert_eq!((set(at(5)), set(at(8))), (None, Some(at(8))));
}

#[test]
fn an_expiry_that_is_due_together_with_a_next_action_goes_first() {
    let record = Record { next_action_at: Some(at(5)), expires_at: Some(at(6)), ..opened() };
    let fired = apply(&record, &Command::TimerFired, "system", at(6)).unwrap();
    assert_eq!(fired.next.status, RecordStatus::Expired { at: at(6) });
    assert_eq!(fired.happened.len(), 1);
}

#[test]
fn a_state_that_would_grow_too_large_is_refused() {
    let large = object(json!({ "text": "x".repeat(MAX_STATE) }));
    let too_large = |answer: Result<Transition, RecordError>| {
        assert!(matches!(answer, Err(RecordError::StateTooLarge { bytes }) if bytes > MAX_STATE));
    };
    too_large(open(NewRecord { state: large.clone(), ..new() }, ACTOR, at(0)));
    let advance = Advance { state: large.clone(), ..patch(None) };
    too_large(apply(&opened(), &Command::Advance(Box::new(advance)), ACTOR, at(1)));
    let suspend = Command::Suspend { step: "s".into(), payload: Some(large.clone()) };
    too_large(apply(&opened(), &suspend, ACTOR, at(1)));
    let resume = Command::Resume { data: large };
    too_large(apply(&in_status(RecordStatusName::Suspended), &resume, ACTOR, at(1)));
}

#[test]
fn an_amendment_comes_on_top_of_everything_else() {
    let advance = Advance { state: object(json!({ "a": 1, "b": 1 })), escalation_level: Some(1), ..patch(None) };
    let moved = apply(&opened(), &Command::Advance(Box::new(advance)), ACTOR, at(1)).unwrap();
    let amendment =
        Amendment { state: object(json!({ "b": 2 })), next_action_at: Some(at(70)), escalation_level: Some(4) };
    let amended = moved.amended(&amendment).unwrap().next;
    assert_eq!(Value::Object(amended.state), json!({ "kept": 1, "a": 1, "b": 2 }));
    assert_eq!((amended.next_action_at, amended.escalation_level), (Some(at(70)), 4));
}

#[test]
fn a_denial_stands_in_the_history_and_changes_nothing_else() {
    let denial = Denial {
        action: "approve".into(),
        guard: "approval/approval".into(),
        code: "NOT_APPROVER".into(),
        reason: "only the approver".into(),
        to_status: RecordStatusName::Completed,
        to_stage: Some("approved".into()),
    };
    let record = in_status(RecordStatusName::AwaitingApproval);
    let denied = apply(&record, &Command::Deny(denial), "mallory", at(9)).unwrap();
    assert_eq!(denied.next, record);
    let [Happening::Denied(entry)] = &denied.happened[..] else { panic!("{:?}", denied.happened) };
    assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("guard_denied", "mallory"));
    assert_eq!((entry.from_status, entry.to_status), (Some(record.status.name()), record.status.name()));
    let detail = entry.detail.as_ref().unwrap().to_value();
    assert_eq!((&detail["action"], &detail["code"]), (&json!("approve"), &json!("NOT_APPROVER")));
}

#[test]
fn the_detail_of_an_action_is_kept_verbatim() {
    let text = r#"{"b":  1.50, "a":"x"}"#;
    let detail = Some(RawJson::parse_text(text.into()).unwrap());
    let advance = Advance { detail, ..patch(None) };
    let moved = apply(&opened(), &Command::Advance(Box::new(advance)), ACTOR, at(1)).unwrap();
    assert_eq!(entries(&moved)[0].detail.as_ref().unwrap().as_str(), text);
}

#[test]
fn guards_are_asked_about_stage_and_status_and_about_every_action_but_timers() {
    let stage = Advance { stage: Change::Clear, ..patch(None) };
    assert!(Command::Advance(Box::new(stage)).is_guarded());
    assert!(to(RecordStatusName::Active).is_guarded());
    assert!(!Command::Advance(Box::new(patch(None))).is_guarded());
    assert!(suspend().is_guarded() && resume().is_guarded() && Command::Abort.is_guarded());
    assert!(!Command::TimerFired.is_guarded());
}
