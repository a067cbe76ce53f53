//! Pages in the middle of lists of records over many days.

use crate::record_others::{of_records, other};
use crate::records::{LIKE, Like};
use crate::support::{Bed, Cases, May, Watch, at, on_both};
use async_trait::async_trait;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::{ExecutionListStore as _, RecordStore as _};
use stepwright_app::{OtherExecutions, RecordFilter};
use stepwright_engine::record::{RecordStatusName, WorkflowType};
use stepwright_engine::{Dialect, ExecutionId, InstanceId, TenantId, Timestamp};
use uuid::Uuid;

on_both!(a_page_in_the_middle_is_the_same_as_without_days, a_page_in_the_middle_looks_at_few_days_and_few_records,);

const A_DAY: u64 = 24 * 3_600;

/// The nth of twelve hundred instants, a hundred a day; every other day has none.
fn instant(n: u64) -> Timestamp {
    at(n / 100 * 2 * A_DAY + n % 100 * 60)
}

/// Every seventh is another API's, and every third of the records is paused.
async fn fill(bed: &Bed, tenant: TenantId) {
    let definition = bed.definition(tenant).await;
    for n in 0..1_400 {
        if n % 7 == 6 {
            other(bed, &definition, Dialect::Smartmca, instant(n), "somebody", n % 3).await;
            continue;
        }
        let workflow_type = if n % 50 == 0 { WorkflowType::Lead } else { WorkflowType::Custom };
        let like = Like { workflow_type, instance: 1 + u128::from(n % 60 == 0), ..LIKE };
        let record = bed.record(tenant, like, instant(n)).await;
        if n % 3 == 0 {
            bed.moved(&record, RecordStatusName::Paused, instant(n + 1)).await;
        }
    }
}

fn others(statuses: &[CoreStatus]) -> OtherExecutions {
    OtherExecutions { statuses: statuses.to_vec(), entity_id: None, of_records: of_records() }
}

fn lists() -> Vec<(RecordFilter, Option<OtherExecutions>)> {
    let every = RecordFilter::default();
    let custom = RecordFilter { workflow_type: Some(WorkflowType::Custom), ..every.clone() };
    let active = RecordFilter { status: Some(RecordStatusName::Active), ..every.clone() };
    let of_instance = RecordFilter { instance: Some(InstanceId::from_uuid(Uuid::from_u128(1))), ..every.clone() };
    let both = RecordFilter { status: Some(RecordStatusName::Active), ..of_instance.clone() };
    vec![
        (every.clone(), None),
        (every, Some(others(&[]))),
        (custom, Some(others(&[]))),
        (active.clone(), Some(others(&[CoreStatus::Pending, CoreStatus::Running]))),
        (active, None),
        (of_instance, None),
        (both, None),
    ]
}

async fn a_page_in_the_middle_is_the_same_as_without_days(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    fill(bed, tenant).await;
    let mut long = 0;
    for setup in ["as written", "folded", "without days"] {
        match setup {
            "folded" => drop(bed.db.fold_counts().await.unwrap()),
            // What was counted wrong must not cost a page.
            "without days" => bed.administer("DELETE FROM record_days; DELETE FROM execution_days").await,
            _ => {}
        }
        for (filter, others) in lists() {
            let page = async |limit, offset| {
                let (items, total) = bed.db.records(tenant, &filter, others.as_ref(), limit, offset).await.unwrap();
                (items.iter().map(|e| e.id).collect::<Vec<ExecutionId>>(), total)
            };
            let (whole, total) = page(5_000, 0).await;
            assert_eq!(whole.len() as u64, total, "{filter:?}");
            long += u64::from(total > 1_000);
            for offset in (480..total + 20).step_by(37) {
                let expected: Vec<ExecutionId> = whole.iter().skip(offset as usize).take(20).copied().collect();
                assert_eq!(page(20, offset).await, (expected, total), "{setup}: {filter:?} behind {offset}");
            }
        }
    }
    assert!(long >= 4 * 3, "{long} lists are so long that days count");
}

/// A tenant with a long list.
struct Long {
    tenant: TenantId,
}

#[async_trait]
impl Cases for Long {
    async fn make(&self, watch: &mut Watch) {
        let db = watch.bed.db.clone();
        // Counts are few rows, over which the other filters' totals skip.
        let plain = |filter: &RecordFilter| filter.status.is_none() && filter.workflow_type.is_none();
        for (number, (filter, others)) in lists().into_iter().filter(|(filter, _)| plain(filter)).enumerate() {
            let asked = db.records(self.tenant, &filter, others.as_ref(), 20, 600);
            watch.case(&format!("list {number}"), May::Sort, asked).await;
        }
    }

    async fn fill(&self, bed: &Bed) {
        fill(bed, self.tenant).await;
        bed.db.fold_counts().await.unwrap();
    }
}

async fn a_page_in_the_middle_looks_at_few_days_and_few_records(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    bed.watched(&Long { tenant }).await;
}
