//! The committer: all or nothing, guarded by versions and leases.

use crate::support::{Bed, T0, at, commit_of, empty_commit, on_both, write};
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::{
    CommitError, CommitStore as _, ExecutionStore as _, StoreError, TenantStore as _, UsageStore as _,
};
use stepwright_app::{Commit, UsageDelta, Wake};
use stepwright_engine::{Execution, Metering};

on_both!(
    a_started_execution_reads_back_as_it_was,
    a_stale_version_is_refused_and_writes_nothing,
    a_lease_that_was_taken_over_cannot_commit,
    a_commit_of_a_lease_holder_goes_through_and_keeps_or_ends_the_lease,
    a_commit_with_one_stale_execution_writes_none_of_its_others,
    a_commit_of_nothing_but_a_bill_is_written,
    the_bill_sums_over_commits_and_days,
    a_deleted_tenant_gets_no_executions_again,
    a_commit_that_no_transition_makes_is_refused,
    a_title_with_a_nul_character_is_stored,
);

async fn a_started_execution_reads_back_as_it_was(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::At(T0)).await;
    let id = loaded.execution.id;
    let (next, events) = loaded.next(at(1));
    bed.db.commit(loaded.step(at(1), Wake::Never)).await.unwrap();
    assert_eq!(bed.db.execution(tenant, id).await.unwrap(), Some(next));
    let history = bed.db.history(tenant, id, 1, 10).await.unwrap();
    assert_eq!(history.items, events);
    assert!(!history.has_more);
    let first = bed.db.history(tenant, id, 0, 1).await.unwrap();
    assert_eq!((first.items.len(), first.has_more), (1, true));
}

async fn a_stale_version_is_refused_and_writes_nothing(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::At(T0)).await;
    let id = loaded.execution.id;
    bed.db.commit(loaded.step(at(1), Wake::Never)).await.unwrap();
    let stands = bed.db.execution(tenant, id).await.unwrap();
    let usage = UsageDelta { steps: 1, ..UsageDelta::default() };
    let stale = Commit { usage, ..loaded.step(at(2), Wake::Never) };
    assert_eq!(bed.db.commit(stale).await, Err(CommitError::Stale(id)));
    let (again, events) = bed.start(&definition, at(3));
    let insert = commit_of(write(0, Execution { id, ..again }, events, Wake::Never), at(3));
    assert_eq!(bed.db.commit(insert).await, Err(CommitError::Stale(id)));
    assert_eq!(bed.db.execution(tenant, id).await.unwrap(), stands);
    assert_eq!(bed.db.history(tenant, id, 0, 10).await.unwrap().items.len(), 2);
    assert_eq!(bed.db.usage(tenant, "2000-01-01", "2100-01-01").await.unwrap(), []);
}

async fn a_lease_that_was_taken_over_cannot_commit(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (slow, quick) = (bed.node(), bed.node());
    let loaded = bed.execution(&definition, T0, Wake::Leased { holder: slow, until: at(10) }).await;
    let id = loaded.execution.id;
    assert!(bed.db.claim_due(at(9), quick, at(20), 10, 10, &[]).await.unwrap().is_empty());
    let taken = bed.db.claim_due(at(10), quick, at(20), 10, 10, &[]).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].version, loaded.execution.version + 1);
    let mut late = loaded.step(at(11), Wake::Never);
    late.executions[0].held_by = Some(slow);
    assert_eq!(bed.db.commit(late.clone()).await, Err(CommitError::Stale(id)));
    // Even with the version it cannot know: it is not its lease any more.
    late.executions[0].expected = taken[0].version;
    Arc::make_mut(&mut late.executions[0].next).version = taken[0].version + 1;
    assert_eq!(bed.db.commit(late).await, Err(CommitError::Stale(id)));
    assert_eq!(bed.db.held_execution(tenant, id, slow).await.unwrap(), None);
    assert_eq!(bed.db.held_execution(tenant, id, quick).await.unwrap().unwrap().version, taken[0].version);
    assert_eq!(bed.db.renew_leases(slow, &[id], at(30)).await.unwrap(), [id]);
    assert_eq!(bed.db.renew_leases(quick, &[id], at(30)).await.unwrap(), []);
}

async fn a_commit_of_a_lease_holder_goes_through_and_keeps_or_ends_the_lease(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let node = bed.node();
    let mut loaded = bed.execution(&definition, T0, Wake::Leased { holder: node, until: at(10) }).await;
    let id = loaded.execution.id;
    let mut commit = loaded.step(at(1), Wake::Keep);
    commit.executions[0].held_by = Some(node);
    bed.db.commit(commit).await.unwrap();
    loaded = loaded.advanced(at(1));
    assert_eq!(bed.db.held_execution(tenant, id, node).await.unwrap(), Some(loaded.execution.clone()));
    for second in [2, 3] {
        bed.db.commit(loaded.step(at(second), Wake::Keep)).await.unwrap();
        loaded = loaded.advanced(at(second));
    }
    // It has ended: nobody holds it any more, whatever the commit asked for.
    assert!(loaded.execution.status.is_final());
    assert_eq!(bed.db.held_execution(tenant, id, node).await.unwrap(), None);
    assert!(bed.db.claim_due(at(1_000), node, at(2_000), 10, 10, &[]).await.unwrap().is_empty());
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 0);
}

async fn a_commit_with_one_stale_execution_writes_none_of_its_others(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let parent = bed.execution(&definition, T0, Wake::Never).await;
    bed.db.commit(parent.step(at(1), Wake::Never)).await.unwrap();
    let (child, events) = bed.start(&definition, at(2));
    let mut stale = parent.step(at(2), Wake::Never);
    stale.executions.insert(0, write(0, child.clone(), events, Wake::Never));
    // Among others that go through.
    let neighbours: Vec<_> = (0..20)
        .map(|_| {
            let (execution, events) = bed.start(&definition, at(2));
            commit_of(write(0, execution, events, Wake::Never), at(2))
        })
        .collect();
    let mut all = neighbours;
    all.insert(7, stale);
    let results = bed.commit_all(all).await;
    for (place, result) in results.iter().enumerate() {
        let expected = if place == 7 { Err(CommitError::Stale(parent.execution.id)) } else { Ok(()) };
        assert_eq!(*result, expected);
    }
    assert_eq!(bed.db.execution(tenant, child.id).await.unwrap(), None);
    assert_eq!(bed.db.history(tenant, child.id, 0, 10).await.unwrap().items, []);
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 21);
}

async fn a_commit_of_nothing_but_a_bill_is_written(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    bed.db.commit(empty_commit(tenant, T0)).await.unwrap();
    let usage = UsageDelta { executions: 0, steps: 1, metering: Metering { fuel: 5, ..Metering::default() } };
    bed.db.commit(Commit { usage, ..empty_commit(tenant, T0) }).await.unwrap();
    let days = bed.db.usage(tenant, "2027-01-15", "2027-01-15").await.unwrap();
    assert_eq!((days.len(), days[0].steps, days[0].fuel), (1, 1, 5));
}

async fn the_bill_sums_over_commits_and_days(bed: &Bed) {
    let (one, other) = (bed.tenant("one").await, bed.tenant("other").await);
    let metering = Metering { fuel: 10, peak_memory: 3, host_calls: 2, wall_us: 7 };
    let usage = UsageDelta { executions: 1, steps: 2, metering };
    let day = Duration::from_secs(24 * 3600);
    let mut commits = Vec::new();
    for n in 0..30 {
        commits.push(Commit { usage, ..empty_commit(one, T0) });
        commits.push(Commit { usage, ..empty_commit(one, T0 + day) });
        if n < 3 {
            commits.push(Commit { usage, ..empty_commit(other, T0 + day) });
        }
    }
    assert!(bed.commit_all(commits).await.iter().all(Result::is_ok));
    let days = bed.db.usage(one, "2027-01-15", "2027-01-16").await.unwrap();
    assert_eq!(days.iter().map(|d| d.day.as_str()).collect::<Vec<_>>(), ["2027-01-15", "2027-01-16"]);
    for day in &days {
        assert_eq!((day.executions, day.steps, day.fuel, day.host_calls, day.wall_us), (30, 60, 300, 60, 210));
    }
    assert_eq!(bed.db.usage(one, "2027-01-16", "2027-01-20").await.unwrap().len(), 1);
    assert_eq!(bed.db.usage(other, "2027-01-01", "2027-12-31").await.unwrap()[0].executions, 3);
}

async fn a_deleted_tenant_gets_no_executions_again(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (execution, events) = bed.start(&definition, T0);
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    let late = commit_of(write(0, execution.clone(), events, Wake::At(T0)), T0);
    assert_eq!(bed.db.commit(late).await, Err(CommitError::Stale(execution.id)));
}

async fn a_commit_that_no_transition_makes_is_refused(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let foreign = Commit { tenant_id: other, ..loaded.step(at(1), Wake::Never) };
    let mut standing = loaded.step(at(1), Wake::Never);
    Arc::make_mut(&mut standing.executions[0].next).version = loaded.execution.version;
    let (execution, events) = bed.start(&definition, T0);
    let unwoken = commit_of(write(0, execution, events, Wake::Keep), T0);
    for commit in [foreign, standing, unwoken] {
        let refused = bed.db.commit(commit).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Inconsistent(_)))), "{refused:?}");
    }
    assert_eq!(bed.db.execution(tenant, loaded.execution.id).await.unwrap(), Some(loaded.execution));
}

async fn a_title_with_a_nul_character_is_stored(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (mut execution, events) = bed.start(&definition, T0);
    execution.title = "nul\0nul".into();
    bed.db.commit(commit_of(write(0, execution.clone(), events, Wake::Never), T0)).await.unwrap();
    assert_eq!(bed.db.execution(tenant, execution.id).await.unwrap(), Some(execution));
}
