//! Lists and searches of flows and of their tasks.

use crate::support::{Bed, May, Watch, at, commit_of, on_both, write};
use std::collections::BTreeSet;
use stepwright_app::ports::{CommitStore as _, ExecutionStore as _, FlowStore as _, TenantStore as _};
use stepwright_app::{
    Effects, FlowListing, FlowOrder, FlowPlace, FlowSearch, ListedFlow, ListedTask, ListedUsers, ListingChange,
    OrderBy, StartKey, TaskBucket, TaskSearch, Wake,
};
use stepwright_engine::flow::StatusName;
use stepwright_engine::{Definition, ExecutionId, NodeId, TenantId, Timestamp};

on_both!(
    flows_are_found_by_status_name_and_user,
    every_order_walks_every_flow_once,
    tasks_are_found_by_bucket_name_and_user,
    what_changes_is_found_where_it_has_gone_to,
    a_deleted_flow_leaves_no_list_entry_behind,
    another_tenants_lists_are_not_seen,
);

/// How a flow is listed.
#[derive(Clone)]
struct Entry {
    status: StatusName,
    name: &'static str,
    due: Option<u64>,
    user: Option<&'static str>,
}

const STARTED: Entry = Entry { status: StatusName::Started, name: "lead", due: None, user: None };

fn listing(execution: ExecutionId, started: StartKey, entry: &Entry) -> FlowListing {
    let due = entry.due.map(at);
    let open = entry.status == StatusName::Started;
    let task = |place: u32, bucket| ListedTask {
        id: NodeId::new(format!("t{place}")),
        bucket,
        name_key: format!("{} {place}", entry.name),
        flow_key: entry.name.into(),
        started,
        place,
        due: due.filter(|_| place == 1),
        manual: place == 2,
    };
    let [first, next, rest] = match open {
        true => [TaskBucket::Complete, TaskBucket::NextOpen, TaskBucket::Open],
        false => [TaskBucket::LeftComplete, TaskBucket::LeftOpen, TaskBucket::LeftOpen],
    };
    let assigned: BTreeSet<_> = entry
        .user
        .into_iter()
        .flat_map(|user| [(user.to_owned(), None), (user.to_owned(), Some(NodeId::new("t1")))])
        .collect();
    let change = ListingChange::Changed {
        flow: Some(ListedFlow { status: entry.status, name_key: entry.name.into(), started, due }),
        tasks: vec![task(0, first), task(1, next), task(2, rest)],
        gone: Vec::new(),
        users: Some(ListedUsers { open, assigned }),
    };
    FlowListing { execution, change }
}

impl Bed {
    async fn listed_flow(&self, definition: &Definition, seconds: u64, entry: &Entry) -> ExecutionId {
        let (execution, events) = self.start(definition, at(seconds));
        let id = execution.id;
        let listings = vec![listing(id, StartKey::of(at(seconds), id), entry)];
        let commit = commit_of(write(0, execution, events, Wake::Never), at(seconds));
        let commit = stepwright_app::Commit { effects: Effects { listings, ..Effects::default() }, ..commit };
        self.db.commit(commit).await.unwrap();
        id
    }

    async fn relisted(&self, tenant: TenantId, id: ExecutionId, change: FlowListing) {
        let mut next = self.db.execution(tenant, id).await.unwrap().unwrap();
        let expected = next.version;
        next.version += 1;
        let commit = commit_of(write(expected, next, Vec::new(), Wake::Never), at(99));
        let effects = Effects { listings: vec![change], ..Effects::default() };
        self.db.commit(stepwright_app::Commit { effects, ..commit }).await.unwrap();
    }

    async fn flows(&self, tenant: TenantId, search: &FlowSearch) -> Vec<ExecutionId> {
        let found = self.db.search_flows(tenant, search, None, 100).await.unwrap();
        found.into_iter().map(|(_, execution)| execution.id).collect()
    }

    async fn tasks(&self, tenant: TenantId, search: &TaskSearch) -> (u32, Vec<(ExecutionId, NodeId)>) {
        self.db.search_flow_tasks(tenant, search, 1_000).await.unwrap()
    }
}

const NEWEST: FlowOrder = FlowOrder { by: OrderBy::Start, ascending: false };

fn search(statuses: &[StatusName]) -> FlowSearch {
    FlowSearch { name: None, statuses: statuses.to_vec(), user: None, order: NEWEST }
}

fn tasks(buckets: &[TaskBucket]) -> TaskSearch {
    let (flow_name, task_name, user, manual) = (None, None, None, None);
    TaskSearch { flow_name, task_name, buckets: buckets.to_vec(), user, manual, order: NEWEST, from: 0, size: 50 }
}

async fn flows_are_found_by_status_name_and_user(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let lead = bed.listed_flow(&definition, 0, &Entry { user: Some("7"), ..STARTED }).await;
    let done = bed.listed_flow(&definition, 1, &Entry { status: StatusName::Done, user: Some("7"), ..STARTED }).await;
    let odd = bed.listed_flow(&definition, 2, &Entry { name: "100% ä_\\", ..STARTED }).await;
    let all = StatusName::ALL;
    assert_eq!(bed.flows(tenant, &search(&[StatusName::Started])).await, [odd, lead]);
    assert_eq!(bed.flows(tenant, &search(all)).await, [odd, done, lead]);
    let named = |name: &str| FlowSearch { name: Some(name.into()), ..search(all) };
    for (part, expected) in [
        ("LEAD", vec![done, lead]),
        ("% Ä", vec![odd]),
        ("_\\", vec![odd]),
        ("l_ad", vec![]),
        ("", vec![odd, done, lead]),
    ] {
        assert_eq!(bed.flows(tenant, &named(part)).await, expected, "{part}");
    }
    let of = |user: &str, statuses| FlowSearch { user: Some(user.into()), ..search(statuses) };
    assert_eq!(bed.flows(tenant, &of("7", &[StatusName::Started])).await, [lead]);
    assert_eq!(bed.flows(tenant, &of("7", all)).await, [done, lead]);
    assert_eq!(bed.flows(tenant, &of("8", all)).await, []);
    let newest = bed.db.newest_flows(tenant, None, 2).await.unwrap();
    assert_eq!(newest.into_iter().map(|e| e.id).collect::<Vec<_>>(), [odd, done]);
    let some = bed.db.executions_by_id(tenant, &[lead, odd, ExecutionId::from_uuid(uuid::Uuid::nil())]).await.unwrap();
    assert_eq!(some.into_iter().map(|e| e.id).collect::<BTreeSet<_>>(), [lead, odd].into());
}

async fn every_order_walks_every_flow_once(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut all = BTreeSet::new();
    for n in 0..23_u64 {
        let status = StatusName::ALL[n as usize % 3];
        let name = ["alpha", "bravo"][n as usize % 2];
        let due = (n % 4 == 0).then_some(n % 8);
        // Several in the same microsecond: their ids keep them apart.
        all.insert(bed.listed_flow(&definition, n / 2, &Entry { status, name, due, user: None }).await);
    }
    for by in [OrderBy::Start, OrderBy::Name, OrderBy::DueDate] {
        for ascending in [true, false] {
            let search = FlowSearch { order: FlowOrder { by, ascending }, ..search(StatusName::ALL) };
            let (mut seen, mut places) = (Vec::new(), Vec::<FlowPlace>::new());
            loop {
                let page = bed.db.search_flows(tenant, &search, places.last(), 4).await.unwrap();
                let full = page.len() == 4;
                seen.extend(page.iter().map(|(_, execution)| execution.id));
                places.extend(page.into_iter().map(|(place, _)| place));
                if !full {
                    break;
                }
            }
            assert_eq!(seen.len(), 23, "{by:?} {ascending}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all, "{by:?} {ascending}");
            let key = |place: &FlowPlace| match by {
                OrderBy::Start => (0, String::new(), place.started),
                OrderBy::Name => (0, place.name_key.clone(), place.started),
                OrderBy::DueDate => {
                    let due = place.due.map_or(i64::MAX, Timestamp::micros);
                    (if ascending { due } else { due.wrapping_add(1) }, String::new(), place.started)
                }
            };
            let ordered =
                places.windows(2).all(|p| if ascending { key(&p[0]) < key(&p[1]) } else { key(&p[0]) > key(&p[1]) });
            assert!(ordered, "{by:?} {ascending}: {places:?}");
        }
    }
    let place =
        FlowPlace { started: StartKey::of(at(0), *all.first().unwrap()), name_key: "alpha".into(), due: Some(at(0)) };
    assert_eq!(bed.db.flow_place(tenant, place.started).await.unwrap(), Some(place));
    assert_eq!(bed.db.flow_place(tenant, StartKey::from_nanos(1)).await.unwrap(), None);
}

async fn tasks_are_found_by_bucket_name_and_user(bed: &Bed) {
    use TaskBucket::{Complete, LeftOpen, NextOpen, Open};
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let one = bed.listed_flow(&definition, 0, &Entry { name: "alpha", due: Some(5), user: Some("7"), ..STARTED }).await;
    let two = bed.listed_flow(&definition, 1, &Entry { name: "bravo", due: None, ..STARTED }).await;
    let over = bed.listed_flow(&definition, 2, &Entry { status: StatusName::Closed, user: Some("7"), ..STARTED }).await;
    let id = |flow, task: &str| (flow, NodeId::new(task));
    let running = [Complete, NextOpen, Open];
    let (hits, found) = bed.tasks(tenant, &tasks(&running)).await;
    let expected = [id(two, "t0"), id(two, "t1"), id(two, "t2"), id(one, "t0"), id(one, "t1"), id(one, "t2")];
    assert_eq!((hits, found.as_slice()), (6, &expected[..]));
    let oldest = TaskSearch { order: FlowOrder { ascending: true, ..NEWEST }, from: 1, size: 3, ..tasks(&running) };
    let (hits, found) = bed.tasks(tenant, &oldest).await;
    assert_eq!((hits, found), (6, vec![id(one, "t1"), id(one, "t2"), id(two, "t0")]));
    assert_eq!(bed.tasks(tenant, &tasks(&[NextOpen])).await.1, [id(two, "t1"), id(one, "t1")]);
    assert_eq!(bed.db.search_flow_tasks(tenant, &tasks(&TaskBucket::ALL), 4).await.unwrap().0, 4, "counted no farther");
    let order = |by, ascending| TaskSearch { order: FlowOrder { by, ascending }, ..tasks(&running) };
    assert_eq!(bed.tasks(tenant, &order(OrderBy::DueDate, true)).await.1[0], id(one, "t1"));
    assert_eq!(bed.tasks(tenant, &order(OrderBy::DueDate, false)).await.1[0], id(one, "t1"));
    assert_eq!(bed.tasks(tenant, &order(OrderBy::Name, false)).await.1[0], id(two, "t2"));
    let named = TaskSearch { task_name: Some("A 1".into()), flow_name: Some("LPH".into()), ..tasks(&running) };
    assert_eq!(bed.tasks(tenant, &named).await, (1, vec![id(one, "t1")]));
    let manual = TaskSearch { manual: Some(true), ..tasks(&running) };
    assert_eq!(bed.tasks(tenant, &manual).await.1, [id(two, "t2"), id(one, "t2")]);
    let mine = |buckets: &[TaskBucket]| TaskSearch { user: Some("7".into()), ..tasks(buckets) };
    assert_eq!(bed.tasks(tenant, &mine(&running)).await, (1, vec![id(one, "t1")]));
    assert_eq!(bed.tasks(tenant, &mine(&[NextOpen, LeftOpen])).await.1, [id(over, "t1"), id(one, "t1")]);
}

async fn what_changes_is_found_where_it_has_gone_to(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let id = bed.listed_flow(&definition, 0, &Entry { user: Some("7"), ..STARTED }).await;
    let started = StartKey::of(at(0), id);
    let closed = Entry { status: StatusName::Closed, user: Some("8"), ..STARTED };
    bed.relisted(tenant, id, listing(id, started, &closed)).await;
    assert_eq!(bed.flows(tenant, &search(&[StatusName::Started])).await, []);
    assert_eq!(bed.flows(tenant, &search(&[StatusName::Closed])).await, [id]);
    let of = |user: &str| FlowSearch { user: Some(user.into()), ..search(StatusName::ALL) };
    assert_eq!(bed.flows(tenant, &of("7")).await, []);
    assert_eq!(bed.flows(tenant, &of("8")).await, [id]);
    let change = ListingChange::Changed {
        flow: None,
        tasks: Vec::new(),
        gone: vec![NodeId::new("t0"), NodeId::new("t2")],
        users: Some(ListedUsers { open: false, assigned: BTreeSet::new() }),
    };
    bed.relisted(tenant, id, FlowListing { execution: id, change }).await;
    assert_eq!(bed.tasks(tenant, &tasks(&TaskBucket::ALL)).await, (1, vec![(id, NodeId::new("t1"))]));
    assert_eq!(bed.flows(tenant, &of("8")).await, []);
}

async fn a_deleted_flow_leaves_no_list_entry_behind(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let entry = Entry { user: Some("7"), ..STARTED };
    let tables = ["flow_list", "flow_tasks", "flow_users"];
    let hard = bed.listed_flow(&definition, 0, &entry).await;
    bed.erase(tenant, hard).await;
    let soft = bed.listed_flow(&definition, 1, &entry).await;
    bed.relisted(tenant, soft, FlowListing { execution: soft, change: ListingChange::Gone }).await;
    for table in tables {
        assert_eq!(bed.count(table).await, 0, "{table}");
    }
    assert!(bed.db.execution(tenant, soft).await.unwrap().is_some());
    bed.listed_flow(&definition, 2, &entry).await;
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    for table in tables {
        assert_eq!(bed.count(table).await, 0, "{table}");
    }
}

async fn another_tenants_lists_are_not_seen(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let definition = bed.definition(tenant).await;
    let id = bed.listed_flow(&definition, 0, &Entry { user: Some("7"), ..STARTED }).await;
    assert_eq!(bed.flows(other, &search(StatusName::ALL)).await, []);
    let mine = FlowSearch { user: Some("7".into()), ..search(StatusName::ALL) };
    assert_eq!(bed.flows(other, &mine).await, []);
    assert_eq!(bed.tasks(other, &tasks(&TaskBucket::ALL)).await, (0, vec![]));
    let mine = TaskSearch { user: Some("7".into()), ..tasks(&TaskBucket::ALL) };
    assert_eq!(bed.tasks(other, &mine).await, (0, vec![]));
    assert_eq!(bed.db.newest_flows(other, None, 9).await.unwrap(), []);
    assert_eq!(bed.db.newest_flows(other, Some("deal"), 9).await.unwrap(), []);
    assert_eq!(bed.db.executions_by_id(other, &[id]).await.unwrap(), []);
    assert_eq!(bed.db.flow_place(other, StartKey::of(at(0), id)).await.unwrap(), None);
}

/// How one of very many flows is listed: a third of them has each status, every third a due date, and everybody has a
/// few.
pub fn one_of_many(execution: ExecutionId, started: StartKey, n: u64) -> FlowListing {
    let status = StatusName::ALL[(n % 3) as usize];
    let mut listed = listing(execution, started, &Entry { status, due: (n % 3 == 1).then_some(n), ..STARTED });
    if let ListingChange::Changed { users: Some(users), .. } = &mut listed.change {
        let user = format!("u{}", n % 300);
        users.assigned = [(user.clone(), None), (user, Some(NodeId::new("t1")))].into();
    }
    listed
}

/// Everything lists are asked for.
pub async fn watch(watch: &mut Watch, tenant: TenantId) {
    let bed = watch.bed.clone();
    let db = &bed.db;
    let by = |by, ascending| FlowOrder { by, ascending };
    let orders = [
        by(OrderBy::Start, false),
        by(OrderBy::Start, true),
        by(OrderBy::Name, false),
        by(OrderBy::Name, true),
        by(OrderBy::DueDate, false),
        by(OrderBy::DueDate, true),
    ];
    let id = ExecutionId::from_uuid(uuid::Uuid::from_u128(7));
    let behind = FlowPlace { started: StartKey::of(at(200), id), name_key: "lead".into(), due: Some(at(200)) };
    for order in orders {
        let of = |what: &str| format!("{what}, {order:?}");
        let every = FlowSearch { order, ..search(StatusName::ALL) };
        watch.case(&of("search of flows"), May::Sort, db.search_flows(tenant, &every, None, 20)).await;
        watch
            .case(&of("search of flows, next page"), May::Sort, db.search_flows(tenant, &every, Some(&behind), 20))
            .await;
        let started = FlowSearch { name: Some("lea".into()), order, ..search(&[StatusName::Started]) };
        watch.case(&of("search of started flows"), May::Sort, db.search_flows(tenant, &started, None, 20)).await;
        let mine = FlowSearch { user: Some("u7".into()), ..every };
        watch.case(&of("search of a user's flows"), May::Sort, db.search_flows(tenant, &mine, None, 20)).await;
        let open = TaskSearch { order, from: 10, ..tasks(&[TaskBucket::Open, TaskBucket::NextOpen]) };
        watch.case(&of("search of tasks"), May::Sort, db.search_flow_tasks(tenant, &open, 100)).await;
        let mine = TaskSearch { user: Some("u7".into()), ..open };
        watch.case(&of("search of a user's tasks"), May::Sort, db.search_flow_tasks(tenant, &mine, 100)).await;
    }
    watch.case("place of a flow", May::Sort, db.flow_place(tenant, behind.started)).await;
    watch.case("newest flows", May::Sort, db.newest_flows(tenant, None, 20)).await;
    watch.case("newest flows of a schema", May::Sort, db.newest_flows(tenant, Some("deal"), 20)).await;
}
