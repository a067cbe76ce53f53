//! Preconditions.

use crate::support::{Bed, T0, at, commit_of, empty_commit, on_both, write};
use std::sync::Arc;
use stepwright_app::ports::{
    CommitError, CommitStore as _, DefinitionStore as _, EventStore as _, ExecutionStore as _, ScheduleStore as _,
    ScheduledDefinition,
};
use stepwright_app::{Commit, Effects, Emitted, Precondition, Wake};
use stepwright_engine::{Definition, EmittedEventId, ExecutionId, RawJson, Timestamp};

on_both!(
    one_tick_passes_once_with_two_hosts,
    a_tick_moves_on_only_with_its_commit,
    a_run_too_soon_after_another_is_refused_with_the_newest,
    of_many_runs_at_once_one_passes_with_two_hosts,
    an_event_is_handled_once,
    the_first_failing_precondition_is_named_and_the_others_are_undone,
);

impl Bed {
    fn guarded(&self, definition: &Definition, now: Timestamp, guards: Vec<Precondition>) -> (ExecutionId, Commit) {
        let (execution, events) = self.start(definition, now);
        let id = execution.id;
        (id, Commit { preconditions: guards, ..commit_of(write(0, execution, events, Wake::Never), now) })
    }
}

async fn one_tick_passes_once_with_two_hosts(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.new_definition(tenant);
    bed.db.insert_definition(&definition, Some(at(60))).await.unwrap();
    let hosts = [bed.clone(), bed.second_host().await];
    let guard = Precondition::TickUnfired { definition: definition.id, tick: at(60), next: Some(at(120)) };
    let mut tasks = Vec::new();
    for n in 0..20 {
        let host = hosts[n % 2].clone();
        let (_, commit) = bed.guarded(&definition, at(60), vec![guard.clone()]);
        tasks.push(tokio::spawn(async move { host.db.commit(commit).await }));
    }
    let mut passed = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => passed += 1,
            Err(error) => assert_eq!(error, CommitError::Precondition { index: 0, newest: None }),
        }
    }
    assert_eq!(passed, 1);
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 1);
    assert_eq!(bed.db.next_tick().await.unwrap(), Some(at(120)));
    hosts[1].db.close().await;
}

async fn a_tick_moves_on_only_with_its_commit(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.new_definition(tenant);
    bed.db.insert_definition(&definition, Some(at(60))).await.unwrap();
    assert!(bed.db.due_schedules(at(59), 10).await.unwrap().is_empty());
    let due = [ScheduledDefinition { tenant_id: tenant, definition: definition.id, tick: at(60) }];
    assert_eq!(bed.db.due_schedules(at(60), 10).await.unwrap(), due);
    let guard = Precondition::TickUnfired { definition: definition.id, tick: at(60), next: None };
    let standing = bed.execution(&definition, T0, Wake::Never).await;
    let (_, mut doomed) = bed.guarded(&definition, at(60), vec![guard.clone()]);
    // Its execution exists already.
    Arc::make_mut(&mut doomed.executions[0].next).id = standing.execution.id;
    assert_eq!(bed.db.commit(doomed).await, Err(CommitError::Stale(standing.execution.id)));
    assert_eq!(bed.db.due_schedules(at(60), 10).await.unwrap(), due);
    let (id, commit) = bed.guarded(&definition, at(61), vec![guard]);
    bed.db.commit(commit).await.unwrap();
    assert_eq!(bed.db.next_tick().await.unwrap(), None);
    assert!(bed.db.execution(tenant, id).await.unwrap().is_some());
    let states = bed.db.schedule_states(tenant, &[definition.id]).await.unwrap();
    assert_eq!(states, [(None, Some(at(61)))]);
}

async fn a_run_too_soon_after_another_is_refused_with_the_newest(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    bed.execution(&definition, at(100), Wake::Never).await;
    let newest = bed.execution(&definition, at(110), Wake::Never).await.execution.id;
    let since = |since| vec![Precondition::NoExecutionSince { definition: definition.id, since }];
    let (_, soon) = bed.guarded(&definition, at(139), since(at(109)));
    let refused = CommitError::Precondition { index: 0, newest: Some((newest, at(110))) };
    assert_eq!(bed.db.commit(soon).await, Err(refused));
    // The instant itself is excluded.
    let (_, later) = bed.guarded(&definition, at(140), since(at(110)));
    bed.db.commit(later).await.unwrap();
    let other = bed.definition(tenant).await;
    let since = vec![Precondition::NoExecutionSince { definition: other.id, since: T0 }];
    bed.db.commit(bed.guarded(&other, at(140), since).1).await.unwrap();
}

async fn of_many_runs_at_once_one_passes_with_two_hosts(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let hosts = [bed.clone(), bed.second_host().await];
    let mut tasks = Vec::new();
    for n in 0..30 {
        let host = hosts[n % 2].clone();
        let guard = Precondition::NoExecutionSince { definition: definition.id, since: at(70) };
        let (_, commit) = bed.guarded(&definition, at(100), vec![guard]);
        tasks.push(tokio::spawn(async move { host.db.commit(commit).await }));
    }
    let mut passed = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => passed += 1,
            Err(error) => assert!(matches!(error, CommitError::Precondition { index: 0, newest: Some(_) }), "{error}"),
        }
    }
    assert_eq!(passed, 1);
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 1);
    hosts[1].db.close().await;
}

async fn an_event_is_handled_once(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let source = bed.execution(&definition, T0, Wake::Never).await;
    let event = Emitted {
        id: EmittedEventId::fresh(&*bed.ids),
        kind: "invoice.paid".into(),
        data: RawJson::parse_text(r#"{"a": 1}"#.into()).unwrap(),
        source: source.execution.id,
        depth: 3,
    };
    let effects = Effects { emitted: vec![event.clone()], ..Effects::default() };
    bed.db.commit(Commit { effects, ..source.step(at(1), Wake::Never) }).await.unwrap();
    assert_eq!(bed.db.unhandled_events(10).await.unwrap(), [(tenant, event.clone())]);
    let guard = Precondition::EventUnhandled { event: event.id };
    let handled = Commit { preconditions: vec![guard], ..empty_commit(tenant, at(2)) };
    let mut results = bed.commit_all(vec![handled.clone(), handled.clone(), handled]).await;
    results.sort_by_key(Result::is_err);
    assert_eq!(results[0], Ok(()));
    assert_eq!(results[1], Err(CommitError::Precondition { index: 0, newest: None }));
    assert!(bed.db.unhandled_events(10).await.unwrap().is_empty());
}

async fn the_first_failing_precondition_is_named_and_the_others_are_undone(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.new_definition(tenant);
    bed.db.insert_definition(&definition, Some(at(60))).await.unwrap();
    let missing = EmittedEventId::fresh(&*bed.ids);
    let guards = vec![
        Precondition::TickUnfired { definition: definition.id, tick: at(60), next: None },
        Precondition::EventUnhandled { event: missing },
    ];
    let (_, commit) = bed.guarded(&definition, at(60), guards);
    assert_eq!(bed.db.commit(commit).await, Err(CommitError::Precondition { index: 1, newest: None }));
    assert_eq!(bed.db.next_tick().await.unwrap(), Some(at(60)));
    assert!(bed.db.move_tick(tenant, definition.id, at(60), Some(at(70))).await.unwrap());
    assert!(!bed.db.move_tick(tenant, definition.id, at(60), Some(at(80))).await.unwrap());
    assert_eq!(bed.db.next_tick().await.unwrap(), Some(at(70)));
}
