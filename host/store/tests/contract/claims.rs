//! Claims: due work is taken once, fairly, and given back.

use crate::support::{Bed, T0, at, commit_of, on_both, write};
use std::collections::{BTreeMap, BTreeSet};
use stepwright_app::Wake;
use stepwright_app::ports::{CommitStore as _, ExecutionStore as _};
use stepwright_engine::{ExecutionId, TenantId};

on_both!(
    only_what_is_due_and_unheld_is_claimed,
    a_noisy_tenant_cannot_starve_another,
    excluded_tenants_are_left_alone,
    a_row_that_cannot_be_read_holds_up_no_other,
    two_hosts_never_claim_the_same_execution,
    released_leases_are_due_at_once,
    the_next_wake_ignores_what_is_held,
    a_claimed_document_carries_the_rows_version,
    renewing_moves_the_lease_of_those_still_held_only,
);

async fn only_what_is_due_and_unheld_is_claimed(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (me, other) = (bed.node(), bed.node());
    let due = bed.execution(&definition, T0, Wake::At(at(5))).await;
    bed.execution(&definition, T0, Wake::At(at(6))).await;
    bed.execution(&definition, T0, Wake::Never).await;
    bed.execution(&definition, T0, Wake::Leased { holder: other, until: at(6) }).await;
    let late = bed.execution(&definition, T0, Wake::Leased { holder: other, until: at(4) }).await;
    let claimed: BTreeSet<ExecutionId> =
        bed.db.claim_due(at(5), me, at(65), 10, 10, &[]).await.unwrap().iter().map(|e| e.id).collect();
    assert_eq!(claimed, [due.execution.id, late.execution.id].into());
    assert!(bed.db.claim_due(at(5), me, at(65), 10, 10, &[]).await.unwrap().is_empty());
}

async fn a_noisy_tenant_cannot_starve_another(bed: &Bed) {
    let mut tenants = Vec::new();
    for (slug, count) in [("noisy", 60), ("quiet", 2), ("calm", 1)] {
        let tenant = bed.tenant(slug).await;
        let definition = bed.definition(tenant).await;
        for n in 0..count {
            // The noisy tenant's are the oldest.
            let wake = if slug == "noisy" { T0 } else { at(50 + n) };
            bed.execution(&definition, T0, Wake::At(wake)).await;
        }
        tenants.push(tenant);
    }
    let count = |claimed: Vec<stepwright_engine::Execution>| {
        let mut counts: BTreeMap<TenantId, usize> = BTreeMap::new();
        for execution in claimed {
            *counts.entry(execution.tenant_id).or_default() += 1;
        }
        tenants.iter().map(|t| counts.get(t).copied().unwrap_or_default()).collect::<Vec<_>>()
    };
    let node = bed.node();
    assert_eq!(count(bed.db.claim_due(at(100), node, at(160), 6, 10, &[]).await.unwrap()), [3, 2, 1]);
    assert_eq!(count(bed.db.claim_due(at(100), node, at(160), 100, 10, &[]).await.unwrap()), [10, 0, 0]);
    assert_eq!(count(bed.db.claim_due(at(100), node, at(160), 100, 100, &[]).await.unwrap()), [47, 0, 0]);
}

async fn excluded_tenants_are_left_alone(bed: &Bed) {
    let mut tenants = Vec::new();
    for slug in ["one", "two", "three"] {
        let tenant = bed.tenant(slug).await;
        let definition = bed.definition(tenant).await;
        bed.execution(&definition, T0, Wake::At(T0)).await;
        tenants.push(tenant);
    }
    let node = bed.node();
    let claimed = bed.db.claim_due(T0, node, at(60), 10, 10, &tenants[..2]).await.unwrap();
    assert_eq!(claimed.iter().map(|e| e.tenant_id).collect::<Vec<_>>(), tenants[2..]);
    assert!(bed.db.claim_due(T0, node, at(60), 10, 10, &tenants).await.unwrap().is_empty());
    assert_eq!(bed.db.claim_due(T0, node, at(60), 10, 10, &tenants[1..]).await.unwrap().len(), 1);
}

async fn a_row_that_cannot_be_read_holds_up_no_other(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (mut execution, events) = bed.start(&definition, T0);
    let mut broken = commit_of(write(0, execution.clone(), events, Wake::At(T0)), T0);
    broken.executions[0].document = "{}".into();
    bed.db.commit(broken).await.unwrap();
    execution.id = bed.execution(&definition, T0, Wake::At(T0)).await.execution.id;
    let claimed = bed.db.claim_due(T0, bed.node(), at(60), 10, 10, &[]).await.unwrap();
    assert_eq!(claimed.iter().map(|e| e.id).collect::<Vec<_>>(), [execution.id]);
    // It comes back when the lease has run out, not at once.
    assert_eq!(bed.db.next_wake().await.unwrap(), None);
}

async fn two_hosts_never_claim_the_same_execution(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    for _ in 0..120 {
        bed.execution(&definition, T0, Wake::At(T0)).await;
    }
    let hosts = [bed.clone(), bed.second_host().await];
    let mut tasks = Vec::new();
    for host in hosts.clone() {
        tasks.push(tokio::spawn(async move {
            let node = host.node();
            let mut mine = Vec::new();
            let mut idle = 0;
            while idle < 3 {
                let claimed = host.db.claim_due(at(1), node, at(60), 10, 10, &[]).await.unwrap();
                idle = if claimed.is_empty() { idle + 1 } else { 0 };
                mine.extend(claimed.into_iter().map(|e| e.id));
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 120);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 120);
    hosts[1].db.close().await;
}

async fn released_leases_are_due_at_once(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (leaving, staying) = (bed.node(), bed.node());
    let given_back = bed.execution(&definition, T0, Wake::Leased { holder: leaving, until: at(60) }).await;
    bed.execution(&definition, T0, Wake::Leased { holder: staying, until: at(60) }).await;
    assert_eq!(bed.db.release_leases(leaving, at(3)).await.unwrap(), 1);
    assert_eq!(bed.db.next_wake().await.unwrap(), Some(at(3)));
    let claimed = bed.db.claim_due(at(3), staying, at(60), 10, 10, &[]).await.unwrap();
    assert_eq!(claimed.iter().map(|e| e.id).collect::<Vec<_>>(), [given_back.execution.id]);
    let mut late = given_back.step(at(4), Wake::Never);
    late.executions[0].held_by = Some(leaving);
    assert!(bed.db.commit(late).await.is_err());
}

async fn the_next_wake_ignores_what_is_held(bed: &Bed) {
    assert_eq!(bed.db.next_wake().await.unwrap(), None);
    for (slug, wake) in [("one", 30), ("two", 20), ("three", 40)] {
        let tenant = bed.tenant(slug).await;
        let definition = bed.definition(tenant).await;
        bed.execution(&definition, T0, Wake::Leased { holder: bed.node(), until: at(1) }).await;
        bed.execution(&definition, T0, Wake::At(at(wake))).await;
    }
    assert_eq!(bed.db.next_wake().await.unwrap(), Some(at(20)));
}

async fn a_claimed_document_carries_the_rows_version(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let node = bed.node();
    let loaded = bed.execution(&definition, T0, Wake::At(T0)).await;
    let claimed = bed.db.claim_due(T0, node, at(60), 1, 1, &[]).await.unwrap().remove(0);
    assert_eq!(claimed.version, loaded.execution.version + 1);
    assert_eq!(bed.db.execution(tenant, claimed.id).await.unwrap(), Some(claimed.clone()));
    let mine = crate::support::Loaded { execution: claimed, definition };
    let mut commit = mine.step(at(1), Wake::Leased { holder: node, until: at(90) });
    commit.executions[0].held_by = Some(node);
    bed.db.commit(commit).await.unwrap();
}

async fn renewing_moves_the_lease_of_those_still_held_only(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (me, other) = (bed.node(), bed.node());
    let mine = bed.execution(&definition, T0, Wake::Leased { holder: me, until: at(10) }).await.execution.id;
    let theirs = bed.execution(&definition, T0, Wake::Leased { holder: other, until: at(100) }).await.execution.id;
    let unknown = ExecutionId::fresh(&*bed.ids);
    assert_eq!(bed.db.renew_leases(me, &[mine, theirs, unknown], at(50)).await.unwrap(), [theirs, unknown]);
    assert_eq!(bed.db.renew_leases(me, &[], at(50)).await.unwrap(), []);
    assert!(bed.db.claim_due(at(49), other, at(100), 10, 10, &[]).await.unwrap().is_empty());
    assert_eq!(bed.db.claim_due(at(50), other, at(100), 10, 10, &[]).await.unwrap().len(), 1);
}
