//! Executions of other APIs in lists of records, and what lists of flows go through.

use crate::records::{LIKE, Like};
use crate::support::{Bed, Cases, Loaded, May, Watch, at, commit_of, on_both, write};
use async_trait::async_trait;
use std::collections::BTreeMap;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::{CommitStore as _, ExecutionListStore as _, ExecutionTitle, RecordStore as _, TitleQuery};
use stepwright_app::{OtherExecutions, RecordFilter, Wake};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::record::{RecordStatusName, WorkflowType};
use stepwright_engine::{CustomerId, Definition, DefinitionId, Dialect, Execution, ExecutionId, TenantId, Timestamp};
use uuid::Uuid;

on_both!(
    others_stand_among_records_in_every_list_that_asks_for_them,
    without_others_a_list_is_of_records_only,
    a_customers_executions_are_found_without_a_look_at_the_customers_records,
    the_status_beside_the_document_is_what_lists_show,
    titles_are_gone_through_in_either_direction,
);

/// The definition of the tests' records.
pub fn of_records() -> Vec<DefinitionId> {
    vec![DefinitionId::from_uuid(Uuid::from_u128(9))]
}

fn customer() -> CustomerId {
    CustomerId::from_uuid(Uuid::from_u128(LIKE.customer))
}

/// An execution of another dialect, `steps` steps on.
pub async fn other(
    bed: &Bed,
    definition: &Definition,
    dialect: Dialect,
    now: Timestamp,
    about: &str,
    steps: u64,
) -> Execution {
    let (execution, events) = bed.start(definition, now);
    let entity = Some(EntityRef { schema: "customer".into(), id: about.into() });
    let execution = Execution { dialect, entity, title: format!("{dialect:?} {steps}"), ..execution };
    bed.db.commit(commit_of(write(0, execution.clone(), events, Wake::Never), now)).await.unwrap();
    let mut loaded = Loaded { execution, definition: definition.clone() };
    for _ in 0..steps {
        bed.db.commit(loaded.step(now, Wake::Never)).await.unwrap();
        loaded = loaded.advanced(now);
    }
    loaded.execution
}

/// What the tests' executions are, newest first.
struct Mixed {
    tenant: TenantId,
    /// Whether it is a record, its status, its type and whether it is the customer's.
    all: Vec<(ExecutionId, bool, CoreStatus, Option<WorkflowType>, bool)>,
}

async fn mixed(bed: &Bed) -> Mixed {
    let (tenant, stranger) = (bed.tenant("acme").await, bed.tenant("stranger").await);
    let (definition, foreign) = (bed.definition(tenant).await, bed.definition(stranger).await);
    let dialects = [Dialect::Smartmca, Dialect::Softsolz, Dialect::Epilot, Dialect::Platform];
    let mut all = Vec::new();
    for n in 0..24u64 {
        // Two at a time.
        let now = at(n / 2);
        if n % 3 == 0 {
            let workflow_type = if n % 2 == 0 { WorkflowType::Custom } else { WorkflowType::Lead };
            let like = Like { customer: 1 + u128::from(n % 4 == 0), workflow_type, ..LIKE };
            let mut record = bed.record(tenant, like, now).await;
            let mut status = CoreStatus::Running;
            if n % 9 == 0 {
                record = bed.moved(&record, RecordStatusName::Completed, now).await;
                status = CoreStatus::Completed;
            }
            bed.record(stranger, like, now).await;
            all.push((record.id, true, status, Some(workflow_type), like.customer == 1));
        } else {
            let steps = n % 4;
            let about = if n % 5 == 0 { customer().to_string() } else { "somebody".to_owned() };
            let dialect = dialects[(n % 4) as usize];
            let made = other(bed, &definition, dialect, now, &about, steps).await;
            other(bed, &foreign, dialect, now, &about, steps).await;
            all.push((made.id, false, CoreStatus::of(&made), None, n % 5 == 0));
        }
    }
    let times: BTreeMap<ExecutionId, u64> = all.iter().enumerate().map(|(n, one)| (one.0, n as u64 / 2)).collect();
    all.sort_by_key(|one| std::cmp::Reverse((times[&one.0], one.0)));
    Mixed { tenant, all }
}

async fn others_stand_among_records_in_every_list_that_asks_for_them(bed: &Bed) {
    let Mixed { tenant, all } = mixed(bed).await;
    let mut asked = 0;
    for folded in [false, true] {
        if folded {
            bed.db.fold_counts().await.unwrap();
        }
        for of_type in [None, Some(WorkflowType::Custom)] {
            for status in [None, Some(CoreStatus::Completed), Some(CoreStatus::Running), Some(CoreStatus::Paused)] {
                for of_customer in [false, true] {
                    let filter = RecordFilter {
                        workflow_type: of_type,
                        status: status.map(|status| match status {
                            CoreStatus::Completed => RecordStatusName::Completed,
                            CoreStatus::Paused => RecordStatusName::Paused,
                            _ => RecordStatusName::Active,
                        }),
                        customer: of_customer.then(customer),
                        ..RecordFilter::default()
                    };
                    // What has not begun counts as running, as lists of records have it.
                    let statuses = match status {
                        None => Vec::new(),
                        Some(CoreStatus::Running) => vec![CoreStatus::Pending, CoreStatus::Running],
                        Some(status) => vec![status],
                    };
                    let fits =
                        |(_, is_record, stands, its_type, is_customers): &&(_, bool, CoreStatus, Option<_>, bool)| {
                            let by_status = status.is_none() || statuses.contains(stands);
                            let by_type = !is_record || of_type.is_none() || *its_type == of_type;
                            by_status && by_type && (!of_customer || *is_customers)
                        };
                    let expected: Vec<ExecutionId> = all.iter().filter(fits).map(|one| one.0).collect();
                    let entity_id = of_customer.then(|| customer().to_string());
                    let others = OtherExecutions { statuses, entity_id, of_records: of_records() };
                    for limit in [1, 4, 30] {
                        for offset in (0..expected.len() as u64 + 2).step_by(limit as usize) {
                            let (items, total) =
                                bed.db.records(tenant, &filter, Some(&others), limit, offset).await.unwrap();
                            let found: Vec<ExecutionId> = items.iter().map(|e| e.id).collect();
                            let wanted: Vec<ExecutionId> =
                                expected.iter().skip(offset as usize).take(limit as usize).copied().collect();
                            let about = format!("{filter:?}, {limit} behind {offset}");
                            assert_eq!((found, total), (wanted, expected.len() as u64), "{about}");
                            asked += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(asked > 200, "{asked}");
}

async fn without_others_a_list_is_of_records_only(bed: &Bed) {
    let Mixed { tenant, all } = mixed(bed).await;
    let records: Vec<ExecutionId> = all.iter().filter(|one| one.1).map(|one| one.0).collect();
    let (items, total) = bed.db.records(tenant, &RecordFilter::default(), None, 50, 0).await.unwrap();
    let found: Vec<ExecutionId> = items.iter().map(|e| e.id).collect();
    assert_eq!((found, total), (records.clone(), records.len() as u64));
}

async fn the_status_beside_the_document_is_what_lists_show(bed: &Bed) {
    let Mixed { tenant, all } = mixed(bed).await;
    for status in CoreStatus::ALL {
        let query = stepwright_app::ports::ExecutionQuery {
            statuses: vec![status.as_str().to_owned()],
            order: stepwright_app::ports::ExecutionOrder::Created,
            ..Default::default()
        };
        let found = bed.db.execution_page(tenant, &query, 0, 100).await.unwrap();
        assert!(found.iter().all(|execution| CoreStatus::of(execution) == status));
        assert_eq!(found.len(), all.iter().filter(|one| one.2 == status).count(), "{status:?}");
    }
}

async fn titles_are_gone_through_in_either_direction(bed: &Bed) {
    let Mixed { tenant, all } = mixed(bed).await;
    let dialects = vec![Dialect::Smartmca, Dialect::Softsolz, Dialect::Platform];
    for statuses in [CoreStatus::ALL.to_vec(), vec![CoreStatus::Completed], vec![CoreStatus::Failed]] {
        for ascending in [false, true] {
            let query = TitleQuery { dialects: dialects.clone(), statuses: statuses.clone(), ascending };
            let mut found: Vec<ExecutionTitle> = Vec::new();
            loop {
                let after = found.last().map(|last| (last.created_at, last.id));
                let page = bed.db.titles(tenant, &query, after, 3).await.unwrap();
                let full = page.len() == 3;
                found.extend(page);
                if !full {
                    break;
                }
            }
            assert!(found.iter().all(|title| !title.title.starts_with("Epilot")), "{found:?}");
            let whole = bed.db.execution_page(tenant, &Default::default(), 0, 100).await.unwrap();
            let of: BTreeMap<ExecutionId, Dialect> = whole.iter().map(|e| (e.id, e.dialect)).collect();
            let mut expected: Vec<ExecutionId> = all
                .iter()
                .filter(|one| dialects.contains(&of[&one.0]) && statuses.contains(&one.2))
                .map(|o| o.0)
                .collect();
            if ascending {
                expected.reverse();
            }
            let found: Vec<ExecutionId> = found.into_iter().map(|title| title.id).collect();
            assert_eq!(found, expected, "{query:?}");
        }
    }
}

/// A tenant whose records are all one customer's, and a stranger's like it.
struct OneCustomer {
    tenants: [TenantId; 2],
}

#[async_trait]
impl Cases for OneCustomer {
    async fn make(&self, watch: &mut Watch) {
        let (db, tenant) = (watch.bed.db.clone(), self.tenants[0]);
        let filter = RecordFilter { customer: Some(customer()), ..RecordFilter::default() };
        let entity_id = Some(customer().to_string());
        let others = OtherExecutions { statuses: Vec::new(), entity_id, of_records: of_records() };
        let asked = db.records(tenant, &filter, Some(&others), 20, 0);
        watch.case("a customer's records and executions", May::Sort, asked).await;
    }

    async fn fill(&self, bed: &Bed) {
        for tenant in self.tenants {
            for n in 0..1_500 {
                bed.record(tenant, LIKE, at(1_000 + n)).await;
            }
        }
    }
}

async fn a_customers_executions_are_found_without_a_look_at_the_customers_records(bed: &Bed) {
    let tenants = [bed.tenant("acme").await, bed.tenant("stranger").await];
    for tenant in tenants {
        let definition = bed.definition(tenant).await;
        for n in 0..5 {
            other(bed, &definition, Dialect::Smartmca, at(n), &customer().to_string(), 1).await;
        }
    }
    bed.watched(&OneCustomer { tenants }).await;
}
