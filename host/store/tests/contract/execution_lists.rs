//! Lists of executions in several orders, by what they are about.

use crate::support::{Bed, at, commit_of, on_both, write};
use stepwright_app::ports::{CommitError, CommitStore as _, ExecutionListStore as _, ExecutionOrder, ExecutionQuery};
use stepwright_app::{Commit, Precondition, Wake};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Definition, Execution, ExecutionId, TenantId};

on_both!(
    pages_are_narrowed_ordered_and_counted,
    another_tenants_executions_are_in_no_page,
    a_dialect_may_be_left_out_of_pages_and_totals,
    totals_stay_true_whatever_happens,
    a_page_is_read_from_an_index_that_ends_with_its_order,
    of_a_singleton_one_execution_is_open_on_an_entity,
);

fn on(schema: &str, id: &str) -> Option<EntityRef> {
    Some(EntityRef { schema: schema.into(), id: id.into() })
}

/// An execution in the database, `steps` steps on.
async fn made(bed: &Bed, definition: &Definition, secs: u64, entity: Option<EntityRef>, steps: usize) -> Execution {
    let (execution, events) = bed.start(definition, at(secs));
    let execution = Execution { entity, ..execution };
    bed.db.commit(commit_of(write(0, execution.clone(), events, Wake::Never), at(secs))).await.unwrap();
    let mut loaded = crate::support::Loaded { execution, definition: definition.clone() };
    for step in 0..steps as u64 {
        bed.db.commit(loaded.step(at(secs + 100 * (step + 1)), Wake::Never)).await.unwrap();
        loaded = loaded.advanced(at(secs + 100 * (step + 1)));
    }
    loaded.execution
}

async fn page(bed: &Bed, tenant: TenantId, query: &ExecutionQuery) -> Vec<ExecutionId> {
    let found = bed.db.execution_page(tenant, query, 0, 100).await.unwrap();
    assert_eq!(bed.db.execution_total(tenant, query).await.unwrap(), found.len() as u64, "{query:?}");
    // Piece by piece it is the same list.
    let mut pieces = Vec::new();
    for offset in 0..found.len() as u64 {
        pieces.extend(bed.db.execution_page(tenant, query, offset, 1).await.unwrap().into_iter().map(|e| e.id));
    }
    let found: Vec<ExecutionId> = found.into_iter().map(|e| e.id).collect();
    assert_eq!(pieces, found, "{query:?}");
    found
}

async fn pages_are_narrowed_ordered_and_counted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let (one, two) = (bed.definition(tenant).await, bed.definition(tenant).await);
    let pending = made(bed, &one, 1, on("deal", "a"), 0).await.id;
    let running = made(bed, &one, 2, on("deal", "b"), 1).await.id;
    // Begins later than the one behind it, and ends before.
    let ended = made(bed, &two, 3, on("merchant", "a"), 3).await.id;
    let late = made(bed, &two, 4, None, 3).await.id;
    let all = ExecutionQuery::default();
    let of = |order, ascending| ExecutionQuery { order, ascending, ..ExecutionQuery::default() };
    assert_eq!(page(bed, tenant, &all).await, [late, ended, running, pending]);
    assert_eq!(page(bed, tenant, &of(ExecutionOrder::Started, true)).await, [pending, running, ended, late]);
    assert_eq!(page(bed, tenant, &of(ExecutionOrder::Created, false)).await, [late, ended, running, pending]);
    assert_eq!(page(bed, tenant, &of(ExecutionOrder::Created, true)).await, [pending, running, ended, late]);
    // Of two that have not ended the id decides.
    assert_eq!(page(bed, tenant, &of(ExecutionOrder::Ended, false)).await, [late, ended, running, pending]);
    assert_eq!(page(bed, tenant, &of(ExecutionOrder::Ended, true)).await, [pending, running, ended, late]);
    let statuses = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (query, expected) in [
        (ExecutionQuery { definition: Some(one.id), ..all.clone() }, vec![running, pending]),
        (ExecutionQuery { entity_schema: Some("deal".into()), ..all.clone() }, vec![running, pending]),
        (ExecutionQuery { entity_id: Some("a".into()), ..all.clone() }, vec![ended, pending]),
        (
            ExecutionQuery { entity_id: Some("a".into()), entity_schema: Some("merchant".into()), ..all.clone() },
            vec![ended],
        ),
        (ExecutionQuery { statuses: statuses(&["completed"]), ..all.clone() }, vec![late, ended]),
        (
            ExecutionQuery { statuses: statuses(&["running", "paused", "pending"]), ..all.clone() },
            vec![running, pending],
        ),
        (
            ExecutionQuery { statuses: statuses(&["completed", "pending"]), ascending: true, ..all.clone() },
            vec![pending, ended, late],
        ),
        (
            ExecutionQuery {
                statuses: statuses(&["completed", "pending"]),
                definition: Some(two.id),
                order: ExecutionOrder::Ended,
                ..all.clone()
            },
            vec![late, ended],
        ),
        (ExecutionQuery { statuses: statuses(&["failed"]), ..all.clone() }, vec![]),
    ] {
        assert_eq!(page(bed, tenant, &query).await, expected, "{query:?}");
    }
}

async fn a_dialect_may_be_left_out_of_pages_and_totals(bed: &Bed) {
    use stepwright_app::ports::DefinitionStore as _;
    use stepwright_engine::Dialect;
    let tenant = bed.tenant("acme").await;
    let other = bed.definition(tenant).await;
    let flows = Definition { dialect: Dialect::Epilot, ..bed.new_definition(tenant) };
    bed.db.insert_definition(&flows, None).await.unwrap();
    let here = made(bed, &other, 1, on("deal", "a"), 0).await.id;
    let flow = made(bed, &flows, 2, on("deal", "a"), 1).await.id;
    let late = made(bed, &other, 3, None, 3).await.id;
    let without = |dialect| ExecutionQuery { without: Some(dialect), ..ExecutionQuery::default() };
    let of_deal = |query: ExecutionQuery| ExecutionQuery {
        entity_schema: Some("deal".into()),
        entity_id: Some("a".into()),
        order: ExecutionOrder::Created,
        ..query
    };
    assert_eq!(page(bed, tenant, &without(Dialect::Epilot)).await, [late, here]);
    assert_eq!(page(bed, tenant, &without(Dialect::Softsolz)).await, [late, flow, here]);
    assert_eq!(page(bed, tenant, &of_deal(without(Dialect::Epilot))).await, [here]);
    assert_eq!(page(bed, tenant, &of_deal(ExecutionQuery::default())).await, [flow, here]);
}

async fn totals_stay_true_whatever_happens(bed: &Bed) {
    use stepwright_app::ports::TenantStore as _;
    let tenant = bed.tenant("acme").await;
    let (one, two) = (bed.definition(tenant).await, bed.definition(tenant).await);
    let mut made_ids = Vec::new();
    for n in 0..24 {
        let definition = if n % 3 == 0 { &one } else { &two };
        let entity = (n % 2 == 0).then(|| on("deal", "a")).flatten();
        made_ids.push(made(bed, definition, n, entity, (n % 4) as usize).await.id);
    }
    let refused = made(bed, &one, 30, None, 0).await;
    // Written again by somebody who comes too late: counted once.
    let (late, events) = (refused.clone(), Vec::new());
    bed.db.commit(commit_of(write(0, late, events, Wake::Never), at(31))).await.unwrap_err();
    bed.erase(tenant, refused.id).await;
    bed.erase(tenant, made_ids[0]).await;
    let check = async || {
        for definition in [None, Some(one.id), Some(two.id)] {
            for schema in [None, Some("deal".to_owned()), Some("nothing".to_owned())] {
                for statuses in [vec![], vec!["pending"], vec!["running", "completed"], vec!["failed"]] {
                    let query = ExecutionQuery {
                        definition,
                        entity_schema: schema.clone(),
                        statuses: statuses.into_iter().map(str::to_owned).collect(),
                        ..ExecutionQuery::default()
                    };
                    let found = bed.db.execution_page(tenant, &query, 0, 100).await.unwrap().len() as u64;
                    assert_eq!(bed.db.execution_total(tenant, &query).await.unwrap(), found, "{query:?}");
                }
            }
        }
    };
    check().await;
    let (a, b) = tokio::join!(bed.db.fold_counts(), bed.db.fold_counts());
    a.and(b).unwrap();
    check().await;
    made(bed, &two, 40, on("deal", "b"), 2).await;
    check().await;
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    for table in ["execution_counts", "execution_days", "execution_count_changes"] {
        assert_eq!(bed.count(table).await, 0, "{table}");
    }
}

async fn another_tenants_executions_are_in_no_page(bed: &Bed) {
    let (mine, theirs) = (bed.tenant("mine").await, bed.tenant("theirs").await);
    let definition = bed.definition(theirs).await;
    made(bed, &definition, 1, on("deal", "a"), 3).await;
    let statuses = vec!["completed".to_owned(), "running".to_owned()];
    for query in [
        ExecutionQuery::default(),
        ExecutionQuery { definition: Some(definition.id), ..ExecutionQuery::default() },
        ExecutionQuery { entity_id: Some("a".into()), ..ExecutionQuery::default() },
        ExecutionQuery { statuses, ..ExecutionQuery::default() },
    ] {
        assert_eq!(page(bed, mine, &query).await, [], "{query:?}");
        assert_eq!(page(bed, theirs, &query).await.len(), 1, "{query:?}");
    }
}

async fn a_page_is_read_from_an_index_that_ends_with_its_order(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let other = bed.definition(tenant).await;
    let mut commits: Vec<Commit> = Vec::new();
    let mut next: Vec<Commit> = Vec::new();
    for n in 0..3_000 {
        let (execution, events) = bed.start(if n % 3 == 0 { &other } else { &definition }, at(n));
        let entity = on("deal", &format!("d{}", n % 500));
        let execution = Execution { entity, ..execution };
        commits.push(commit_of(write(0, execution.clone(), events, Wake::Never), at(n)));
        if n % 3 == 1 {
            let loaded = crate::support::Loaded { execution, definition: definition.clone() };
            next.push(loaded.step(at(n + 1), Wake::Never));
        }
    }
    for commits in [commits, next] {
        for done in bed.commit_all(commits).await {
            done.unwrap();
        }
    }
    bed.analyze().await;
    let all = ExecutionQuery::default();
    for (query, index) in [
        (all.clone(), "executions_started"),
        (ExecutionQuery { ascending: true, ..all.clone() }, "executions_started"),
        (ExecutionQuery { order: ExecutionOrder::Created, ..all.clone() }, "executions_newest"),
        (ExecutionQuery { order: ExecutionOrder::Ended, ..all.clone() }, "executions_ended"),
        (ExecutionQuery { definition: Some(definition.id), ..all.clone() }, "executions_of_definition_started"),
        (ExecutionQuery { statuses: vec!["running".into()], ..all.clone() }, "executions_of_status"),
        (ExecutionQuery { entity_id: Some("d7".into()), ..all.clone() }, "executions_of_entity"),
        (
            ExecutionQuery { entity_id: Some("d7".into()), entity_schema: Some("deal".into()), ..all.clone() },
            "executions_of_entity",
        ),
        (ExecutionQuery { statuses: vec!["running".into(), "paused".into()], ..all.clone() }, "executions_of_status"),
    ] {
        let plan = bed.db.explain_execution_page(tenant, &query, 0, 20).await.unwrap().join("\n");
        assert!(plan.contains(index), "{query:?}: {plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("SCAN executions"), "{query:?}: {plan}");
        let one_entity = query.entity_id.is_some();
        if query.statuses.len() < 2 && !one_entity {
            assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{query:?}: {plan}");
        }
    }
}

async fn of_a_singleton_one_execution_is_open_on_an_entity(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let alone = |secs: u64, entity: &EntityRef| {
        let (execution, events) = bed.start(&definition, at(secs));
        let execution = Execution { entity: Some(entity.clone()), ..execution };
        let precondition = Precondition::NoOpenExecution { definition: definition.id, entity: entity.clone() };
        let commit = commit_of(write(0, execution.clone(), events, Wake::Never), at(secs));
        (execution, Commit { preconditions: vec![precondition], ..commit })
    };
    let (a, b) = (on("deal", "a").unwrap(), on("deal", "b").unwrap());
    let results = bed.commit_all((0..6).map(|n| alone(n, &a).1).collect()).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, CommitError::Precondition { index: 0, newest: Some(_) }), "{refused:?}");
    }
    bed.db.commit(alone(7, &b).1).await.unwrap();
    // Once it has ended another may begin.
    let open = ExecutionQuery { entity_id: Some("a".into()), ..ExecutionQuery::default() };
    let execution = bed.db.execution_page(tenant, &open, 0, 1).await.unwrap().remove(0);
    let mut loaded = crate::support::Loaded { execution, definition: definition.clone() };
    for secs in 10..13 {
        bed.db.commit(loaded.step(at(secs), Wake::Never)).await.unwrap();
        loaded = loaded.advanced(at(secs));
    }
    bed.db.commit(alone(20, &a).1).await.unwrap();
}
