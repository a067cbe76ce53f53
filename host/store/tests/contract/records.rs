//! Lists of records, their totals, and the guards bound to them.

use crate::support::{Bed, T0, at, commit_of, json, on_both, on_postgres, write};
use serde_json::json as value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use stepwright_app::ports::{CommitStore as _, GuardStore as _, RecordStore as _, TenantStore as _};
use stepwright_app::{Commit, Effects, GuardBinding, RecordFilter, RecordListing, Wake};
use stepwright_engine::record::{
    Advance, Command, NewRecord, NewRecordExecution, RecordStatusName, WorkflowType, apply, open,
};
use stepwright_engine::{Actor, CustomerId, DefinitionId, Execution, ExecutionId, InstanceId, TenantId, Timestamp};
use uuid::Uuid;

on_both!(
    records_are_listed_by_every_combination_of_filters,
    totals_follow_the_status,
    pages_from_either_end_are_the_same,
    histories_come_whole_and_in_order,
    a_deleted_tenants_records_are_gone,
    a_guard_stands_until_it_is_replaced_or_unbound,
);

fn number(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// What a test's record is like.
#[derive(Clone, Copy)]
pub struct Like {
    pub instance: u128,
    pub customer: u128,
    pub workflow_type: WorkflowType,
    pub reference: Option<&'static str>,
}

pub const LIKE: Like = Like { instance: 1, customer: 1, workflow_type: WorkflowType::Lead, reference: None };

impl Bed {
    pub async fn record(&self, tenant: TenantId, like: Like, now: Timestamp) -> Execution {
        let new = NewRecord {
            workflow_type: like.workflow_type,
            customer_id: CustomerId::from_uuid(number(like.customer)),
            stage: None,
            title: None,
            reference: like.reference.map(Into::into),
            assigned_to: None,
            state: serde_json::Map::new(),
            expires_at: None,
            next_action_at: None,
        };
        let around = NewRecordExecution {
            id: ExecutionId::fresh(&*self.ids),
            tenant_id: tenant,
            instance_id: InstanceId::from_uuid(number(like.instance)),
            definition_id: DefinitionId::from_uuid(number(9)),
        };
        let opened = Execution::of_record(around, open(new, "agent", now).unwrap(), &Actor::System);
        let listing = RecordListing::of(&opened.next, None);
        self.save(0, opened, listing, now).await
    }

    /// Moves a record to this status.
    pub async fn moved(&self, record: &Execution, status: RecordStatusName, now: Timestamp) -> Execution {
        let before = record.record.as_deref().unwrap();
        let advance = Advance { action: "moved".into(), status: Some(status), ..Advance::default() };
        let moved = apply(before, &Command::Advance(Box::new(advance)), "agent", now).unwrap();
        let next = record.advanced(moved, &Actor::System, now);
        let listing = RecordListing::of(&next.next, Some(before.status.name()));
        self.save(record.version, next, listing, now).await
    }

    async fn save(
        &self,
        expected: u64,
        transition: stepwright_engine::Transition,
        listing: Option<RecordListing>,
        now: Timestamp,
    ) -> Execution {
        let next = transition.next.clone();
        let commit = commit_of(write(expected, transition.next, transition.events, Wake::Never), now);
        let effects = Effects { records: listing.into_iter().collect(), ..Effects::default() };
        self.db.commit(Commit { effects, ..commit }).await.unwrap();
        next
    }

    async fn listed(&self, tenant: TenantId, filter: &RecordFilter) -> (Vec<ExecutionId>, u64) {
        let (items, total) = self.db.records(tenant, filter, None, 100, 0).await.unwrap();
        (items.iter().map(|e| e.id).collect(), total)
    }
}

async fn records_are_listed_by_every_combination_of_filters(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let types = [WorkflowType::Lead, WorkflowType::Roster];
    let statuses = [RecordStatusName::Active, RecordStatusName::Paused];
    let references = [None, Some("R1"), Some("R2")];
    let mut all = Vec::new();
    let mut second = 0;
    for instance in [1, 2] {
        for customer in [1, 2] {
            for workflow_type in types {
                for reference in references {
                    for status in statuses {
                        let like = Like { instance, customer, workflow_type, reference };
                        second += 1;
                        let mut record = bed.record(tenant, like, at(second)).await;
                        if status != RecordStatusName::Active {
                            record = bed.moved(&record, status, at(second)).await;
                        }
                        all.push((like, status, record.id));
                        bed.record(other, like, at(second)).await;
                    }
                }
            }
        }
    }
    all.reverse();
    fn optional<T: Copy>(of: &[T]) -> Vec<Option<T>> {
        std::iter::once(None).chain(of.iter().copied().map(Some)).collect()
    }
    let mut asked = 0;
    for instance in optional(&[1, 2, 3]) {
        for customer in optional(&[1, 3]) {
            for workflow_type in optional(&[WorkflowType::Roster, WorkflowType::Custom]) {
                for status in optional(&statuses) {
                    for reference in optional(&["R1", "R3"]) {
                        let filter = RecordFilter {
                            instance: instance.map(|n| InstanceId::from_uuid(number(n))),
                            customer: customer.map(|n| CustomerId::from_uuid(number(n))),
                            workflow_type,
                            status,
                            reference: reference.map(Into::into),
                        };
                        let fits = |(like, s, _): &&(Like, RecordStatusName, ExecutionId)| {
                            instance.is_none_or(|n| n == like.instance)
                                && customer.is_none_or(|n| n == like.customer)
                                && workflow_type.is_none_or(|t| t == like.workflow_type)
                                && status.is_none_or(|wanted| wanted == *s)
                                && reference.is_none_or(|r| like.reference == Some(r))
                        };
                        let expected: Vec<ExecutionId> = all.iter().filter(fits).map(|(.., id)| *id).collect();
                        let total = expected.len() as u64;
                        assert_eq!(bed.listed(tenant, &filter).await, (expected, total), "{filter:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert_eq!(asked, 4 * 3 * 3 * 3 * 3);
}

async fn totals_follow_the_status(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut record = bed.record(tenant, LIKE, T0).await;
    let of = |status, customer: Option<u128>| RecordFilter {
        status: Some(status),
        customer: customer.map(|n| CustomerId::from_uuid(number(n))),
        ..RecordFilter::default()
    };
    for (second, status) in [
        RecordStatusName::AwaitingApproval,
        RecordStatusName::Suspended,
        RecordStatusName::Suspended,
        RecordStatusName::Cancelled,
    ]
    .into_iter()
    .enumerate()
    {
        record = bed.moved(&record, status, at(second as u64)).await;
        for customer in [None, Some(1)] {
            assert_eq!(bed.listed(tenant, &of(status, customer)).await, (vec![record.id], 1));
            assert_eq!(bed.listed(tenant, &of(RecordStatusName::Active, customer)).await.1, 0);
        }
        let suspended = bed.db.suspended_records(tenant, 9).await.unwrap();
        assert_eq!(suspended.len(), usize::from(status == RecordStatusName::Suspended));
    }
    assert_eq!(bed.listed(tenant, &RecordFilter::default()).await.1, 1);
}

async fn pages_from_either_end_are_the_same(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut all = Vec::new();
    for n in 0..23 {
        // Several at the same instant, so that ids decide.
        all.push(bed.record(tenant, LIKE, at(n / 4)).await.id);
    }
    all.reverse();
    for limit in [1, 5, 7, 30] {
        for offset in 0..25u64 {
            let (items, total) = bed.db.records(tenant, &RecordFilter::default(), None, limit, offset).await.unwrap();
            let found: Vec<ExecutionId> = items.iter().map(|e| e.id).collect();
            let expected: Vec<ExecutionId> = all.iter().skip(offset as usize).take(limit as usize).copied().collect();
            assert_eq!((found, total), (expected, 23), "{limit} behind {offset}");
        }
    }
}

async fn histories_come_whole_and_in_order(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut ids = Vec::new();
    for n in 0..300u64 {
        let record = bed.record(tenant, LIKE, at(n)).await;
        if n % 100 == 0 {
            let record = bed.moved(&record, RecordStatusName::Paused, at(n)).await;
            bed.moved(&record, RecordStatusName::Active, at(n)).await;
        }
        ids.push(record.id);
    }
    let histories = bed.db.histories(tenant, &ids).await.unwrap();
    assert_eq!(histories.len(), 300);
    for (n, id) in ids.iter().enumerate() {
        let numbers: Vec<u64> = histories[id].iter().map(|event| event.seq).collect();
        assert_eq!(numbers, if n % 100 == 0 { vec![1, 2, 3] } else { vec![1] });
    }
    let stranger = bed.tenant("stranger").await;
    assert!(bed.db.histories(stranger, &ids).await.unwrap().is_empty());
    assert!(bed.db.histories(tenant, &[]).await.unwrap().is_empty());
}

async fn a_deleted_tenants_records_are_gone(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    for owner in [tenant, other] {
        bed.record(owner, LIKE, T0).await;
    }
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    assert_eq!(bed.listed(tenant, &RecordFilter::default()).await, (vec![], 0));
    assert_eq!(bed.listed(other, &RecordFilter::default()).await.1, 1);
}

pub fn binding(tenant_id: TenantId, guard: &str) -> GuardBinding {
    GuardBinding {
        tenant_id,
        workflow_type: WorkflowType::Lead,
        plugin: "approval".into(),
        guard: guard.into(),
        config: json(value!({ "a": 1 })),
        fail_open: false,
        updated_at: T0,
    }
}

async fn a_guard_stands_until_it_is_replaced_or_unbound(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let counter = bed.db.change_counter().await.unwrap();
    assert!(bed.db.put_guard(&binding(tenant, "one")).await.unwrap());
    let next = GuardBinding { fail_open: true, ..binding(tenant, "two") };
    assert!(!bed.db.put_guard(&next).await.unwrap());
    assert_eq!(bed.db.guards(tenant).await.unwrap(), [next]);
    assert!(bed.db.change_counter().await.unwrap() > counter);
    assert_eq!(bed.db.guards(other).await.unwrap(), []);
    assert!(!bed.db.delete_guard(other, WorkflowType::Lead).await.unwrap());
    assert!(bed.db.delete_guard(tenant, WorkflowType::Lead).await.unwrap());
    assert!(!bed.db.delete_guard(tenant, WorkflowType::Lead).await.unwrap());
}

/// What the lists ask, without naming the tenant: the database itself shows the tenant's own rows only.
#[tokio::test]
async fn lists_without_any_tenant_predicate_show_a_tenant_its_own_rows_only() {
    on_postgres(|bed| async move {
        let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
        let mut own = Vec::new();
        for n in 0..3 {
            let record = bed.record(tenant, LIKE, at(n)).await;
            own.push(bed.moved(&record, RecordStatusName::Suspended, at(n)).await.id.uuid());
            bed.moved(&bed.record(other, LIKE, at(n)).await, RecordStatusName::Suspended, at(n)).await;
        }
        own.reverse();
        let mut connection = PgConnection::connect(&bed.url).await.unwrap();
        sqlx::raw_sql("SET ROLE stepwright_app").execute(&mut connection).await.unwrap();
        let page = |order_by: &str, condition: &str| {
            format!(
                "SELECT e.id FROM (
                    SELECT execution_id AS place_id, {order_by} AS place_at FROM records WHERE {condition}
                    ORDER BY {order_by} DESC, execution_id DESC LIMIT 100 OFFSET 0) AS places
                 JOIN executions e ON e.id = place_id ORDER BY place_at DESC, place_id DESC"
            )
        };
        let lists = [
            page("created_at", "TRUE"),
            page("created_at", "status = 'suspended'"),
            page("created_at", "workflow_type = 'lead' AND status = 'suspended'"),
            page("created_at", "customer_id = '00000000-0000-0000-0000-000000000001'"),
            page("suspended_at", "suspended_at IS NOT NULL"),
        ];
        let totals = [
            "SELECT COUNT(*) FROM records".to_owned(),
            "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM record_counts WHERE family = 0".to_owned(),
            "SELECT COUNT(DISTINCT h.execution_id) FROM history h JOIN records r ON r.execution_id = h.execution_id"
                .to_owned(),
        ];
        let nobody: Vec<Uuid> = Vec::new();
        for (setting, expected) in [("".to_owned(), &nobody), (tenant.to_string(), &own)] {
            let text = format!("SET stepwright.tenant = '{setting}'");
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
            for list in &lists {
                let seen: Vec<Uuid> =
                    sqlx::query_scalar(AssertSqlSafe(list.clone())).fetch_all(&mut connection).await.unwrap();
                assert_eq!(seen, *expected, "{list}");
            }
            for total in &totals {
                let seen: i64 =
                    sqlx::query_scalar(AssertSqlSafe(total.clone())).fetch_one(&mut connection).await.unwrap();
                assert_eq!(seen, expected.len() as i64, "{total}");
            }
        }
    })
    .await;
}
