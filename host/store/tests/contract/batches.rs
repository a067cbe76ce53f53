//! Batching: many commits in few transactions, each of them on its own terms.

use crate::support::{Bed, T0, at, commit_of, on_both, write};
use stepwright_app::ports::{CommitError, CommitStore as _, ExecutionStore as _, StoreError, UsageStore as _};
use stepwright_app::{Commit, Effects, KvScope, KvWrite, UsageDelta, Wake};
use stepwright_engine::{Metering, RawJson};

on_both!(
    two_commits_of_one_execution_in_one_batch_are_told_apart,
    a_chain_of_commits_to_one_execution_keeps_its_order,
    concurrent_commits_share_transactions,
    a_stale_commit_among_others_leaves_neither_history_nor_a_bill,
    one_commit_that_cannot_be_stored_does_not_harm_its_neighbours,
    hundreds_of_executions_advance_side_by_side,
);

async fn two_commits_of_one_execution_in_one_batch_are_told_apart(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    for round in 0..10 {
        let loaded = bed.execution(&definition, at(round), Wake::Never).await;
        let rivals = (0..8).map(|n| loaded.step(at(100 + n), Wake::Never)).collect();
        let results = bed.commit_all(rivals).await;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
        let stale = Err(CommitError::Stale(loaded.execution.id));
        assert_eq!(results.iter().filter(|r| **r == stale).count(), 7);
        let history = bed.db.history(tenant, loaded.execution.id, 0, 100).await.unwrap().items;
        assert_eq!(history.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2]);
    }
}

async fn a_chain_of_commits_to_one_execution_keeps_its_order(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut loaded = bed.execution(&definition, T0, Wake::Never).await;
    // Sent without waiting for the answers: they meet in one lane, in this order.
    let mut answers = Vec::new();
    for n in 1..=3 {
        let commit = loaded.step(at(n), Wake::Never);
        let db = bed.db.clone();
        let mut sent = Box::pin(async move { db.commit(commit).await });
        assert!(futures_ready(&mut sent).await.is_none());
        answers.push(tokio::spawn(sent));
        loaded = loaded.advanced(at(n));
    }
    for answer in answers {
        assert_eq!(answer.await.unwrap(), Ok(()));
    }
    assert_eq!(bed.db.execution(tenant, loaded.execution.id).await.unwrap(), Some(loaded.execution));
}

/// Polls once, so that the commit stands in the mailbox.
async fn futures_ready<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        use std::task::Poll;
        match std::pin::Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        }
    })
    .await
}

async fn concurrent_commits_share_transactions(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let before = bed.transactions().await;
    let commits: Vec<Commit> = (0..400)
        .map(|_| {
            let (execution, events) = bed.start(&definition, T0);
            commit_of(write(0, execution, events, Wake::Never), T0)
        })
        .collect();
    assert!(bed.commit_all(commits).await.iter().all(Result::is_ok));
    let used = bed.transactions().await - before;
    assert!(used < 100, "400 commits took {used} transactions");
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 400);
}

async fn a_stale_commit_among_others_leaves_neither_history_nor_a_bill(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut all = Vec::new();
    for n in 0..30 {
        all.push(bed.execution(&definition, at(n), Wake::Never).await);
    }
    for stale in &all[..10] {
        bed.db.commit(stale.step(at(50), Wake::Never)).await.unwrap();
    }
    let before = (bed.count("history").await, bed.db.usage(tenant, "2027-01-01", "2027-12-31").await.unwrap());
    let usage = UsageDelta { executions: 0, steps: 1, metering: Metering::default() };
    let commits = all.iter().map(|loaded| Commit { usage, ..loaded.step(at(60), Wake::Never) }).collect();
    let results = bed.commit_all(commits).await;
    for (place, (loaded, result)) in all.iter().zip(results).enumerate() {
        let expected = if place < 10 { Err(CommitError::Stale(loaded.execution.id)) } else { Ok(()) };
        assert_eq!(result, expected);
    }
    assert_eq!(bed.count("history").await, before.0 + 20);
    let steps = |days: &[stepwright_app::ports::UsageDay]| days.iter().map(|day| day.steps).sum::<u64>();
    let after = bed.db.usage(tenant, "2027-01-01", "2027-12-31").await.unwrap();
    assert_eq!(steps(&after), steps(&before.1) + 20);
}

async fn one_commit_that_cannot_be_stored_does_not_harm_its_neighbours(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let commits: Vec<Commit> = (0..50)
        .map(|n| {
            let (execution, mut events) = bed.start(&definition, T0);
            if n == 20 {
                // History must be numbered without doubles.
                events.push(events[0].clone());
            }
            commit_of(write(0, execution, events, Wake::Never), T0)
        })
        .collect();
    let ids: Vec<_> = commits.iter().map(|c| c.executions[0].next.id).collect();
    let results = bed.commit_all(commits).await;
    for (n, result) in results.iter().enumerate() {
        if n == 20 {
            assert!(matches!(result, Err(CommitError::Store(StoreError::Inconsistent(_)))), "{result:?}");
        } else {
            assert_eq!(*result, Ok(()));
        }
        assert_eq!(bed.db.execution(tenant, ids[n]).await.unwrap().is_some(), n != 20);
    }
}

async fn hundreds_of_executions_advance_side_by_side(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut tasks = Vec::new();
    for n in 0..200 {
        let bed = bed.clone();
        let definition = definition.clone();
        tasks.push(tokio::spawn(async move {
            let mut loaded = bed.execution(&definition, at(n), Wake::Never).await;
            for step in 1..=3 {
                let mut commit = loaded.step(at(n + step), Wake::Never);
                let value = Some(RawJson::of(&step).unwrap());
                let scope = KvScope::Execution(loaded.execution.id);
                commit.effects = Effects {
                    kv: vec![KvWrite { plugin: "core".into(), scope, key: "step".into(), value }],
                    ..Effects::default()
                };
                bed.db.commit(commit).await.unwrap();
                loaded = loaded.advanced(at(n + step));
            }
            loaded
        }));
    }
    for task in tasks {
        let loaded = task.await.unwrap();
        let id = loaded.execution.id;
        assert_eq!(bed.db.execution(tenant, id).await.unwrap(), Some(loaded.execution.clone()));
        let seqs: Vec<u64> =
            bed.db.history(tenant, id, 0, 100).await.unwrap().items.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=loaded.execution.history_seq).collect::<Vec<_>>());
    }
}
