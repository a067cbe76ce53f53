//! Any sequence of commands keeps the invariants.

use super::*;
use crate::{Actor, DefinitionId, Execution, ExecutionId, InstanceId, TenantId};
use proptest::prelude::*;

fn any_status() -> impl Strategy<Value = RecordStatusName> {
    proptest::sample::select(RecordStatusName::ALL)
}

fn any_state() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![Just(Value::Null), any::<i8>().prop_map(Value::from), Just(json!({ "deep": [1] }))];
    proptest::collection::btree_map("[a-d]", value, 0..4).prop_map(|map| map.into_iter().collect())
}

fn any_change() -> impl Strategy<Value = Change<Timestamp>> {
    prop_oneof![Just(Change::Keep), Just(Change::Clear), (0..60i64).prop_map(|secs| Change::Set(at(secs)))]
}

fn any_command() -> impl Strategy<Value = Command> {
    let advance =
        (proptest::option::of(any_status()), any_state(), any_change(), any_change(), proptest::option::of("[a-c]"))
            .prop_map(|(status, state, expires_at, next_action_at, stage)| {
                let stage = stage.map_or(Change::Keep, Change::Set);
                Command::Advance(Box::new(Advance { status, state, expires_at, next_action_at, stage, ..patch(None) }))
            });
    prop_oneof![
        4 => advance,
        1 => proptest::option::of(any_state()).prop_map(|payload| Command::Suspend { step: "s".into(), payload }),
        1 => any_state().prop_map(|data| Command::Resume { data }),
        1 => Just(Command::TimerFired),
        1 => Just(Command::Abort),
    ]
}

fn merged(a: &Map<String, Value>, b: &Map<String, Value>) -> Map<String, Value> {
    let advance = Advance { state: b.clone(), ..patch(None) };
    run(&Record { state: a.clone(), ..opened() }, &Command::Advance(Box::new(advance))).state
}

proptest! {
    #[test]
    fn histories_have_no_gaps_and_terminal_records_stay_as_they_are(
        commands in proptest::collection::vec((any_command(), 0..5i64), 1..40)
    ) {
        let id = Uuid::from_u128(7);
        let new_execution = NewRecordExecution {
            id: ExecutionId::from_uuid(id),
            tenant_id: TenantId::from_uuid(id),
            instance_id: InstanceId::from_uuid(id),
            definition_id: DefinitionId::from_uuid(id),
        };
        let started = Execution::of_record(new_execution, open(new(), ACTOR, at(0)).unwrap(), &Actor::System);
        let (mut execution, mut history) = (started.next, started.events);
        let mut now = 0;
        for (command, wait) in commands {
            now += wait;
            let record = execution.record.clone().unwrap();
            let Ok(moved) = apply(&record, &command, ACTOR, at(now)) else {
                if matches!(command, Command::TimerFired) {
                    prop_assert!(record.next_due().is_none_or(|due| due > at(now)));
                }
                continue;
            };
            prop_assert!(!record.status.name().is_terminal(), "{command:?} moved {:?}", record.status);
            // A history is connected: where one entry has ended, the next begins.
            for entry in entries(&moved) {
                prop_assert_eq!(entry.from_status, Some(record.status.name()));
                prop_assert_eq!(&entry.from_stage, &record.stage);
                prop_assert_eq!(entry.to_status, moved.next.status.name());
            }
            prop_assert_eq!(moved.happened.len(), 1);
            let crate::Transition { next, events } = execution.advanced(moved, &Actor::System, at(now));
            prop_assert_eq!(next.version, execution.version + 1);
            history.extend(events);
            execution = next;
            prop_assert_eq!(execution.history_seq, history.len() as u64);
        }
        for (place, event) in history.iter().enumerate() {
            prop_assert_eq!(event.seq, place as u64 + 1);
        }
    }

    #[test]
    fn merging_is_associative_keeps_the_other_members_and_lets_the_later_win(
        a in any_state(), b in any_state(), c in any_state()
    ) {
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &Map::new()), a.clone());
        prop_assert_eq!(merged(&a, &a), a.clone());
        let both = merged(&a, &b);
        for (name, value) in &both {
            prop_assert_eq!(Some(value), b.get(name).or_else(|| a.get(name)));
        }
        prop_assert_eq!(both.len(), a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>().len());
    }
}
