//! The catalogue of closing reasons.

use crate::support::{Bed, at, on_both};
use stepwright_app::ports::{ClosingReasonStore as _, StoreError};
use stepwright_app::{ClosingReason, ReasonStatus};
use stepwright_engine::TenantId;

on_both!(
    a_closing_reason_is_kept_changed_and_deleted,
    a_closing_reasons_id_is_taken_once_per_tenant,
    a_closing_reason_is_changed_only_at_the_version_before,
    closing_reasons_are_listed_newest_first,
);

impl Bed {
    pub async fn closing_reason(&self, tenant_id: TenantId, id: &str, seconds: u64) -> ClosingReason {
        let reason = new_reason(tenant_id, id, seconds);
        self.db.insert_closing_reason(&reason).await.unwrap();
        reason
    }
}

fn new_reason(tenant_id: TenantId, id: &str, seconds: u64) -> ClosingReason {
    ClosingReason {
        id: id.into(),
        tenant_id,
        title: "Better offer".into(),
        status: ReasonStatus::Active,
        version: 1,
        created_at: at(seconds),
        updated_at: at(seconds),
    }
}

async fn a_closing_reason_is_kept_changed_and_deleted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let reason = bed.closing_reason(tenant, "r1", 0).await;
    assert_eq!(bed.db.closing_reason(tenant, "r1").await.unwrap(), Some(reason.clone()));
    let next = ClosingReason { status: ReasonStatus::Inactive, version: 2, ..reason };
    assert!(bed.db.save_closing_reason(&next).await.unwrap());
    assert_eq!(bed.db.closing_reason(tenant, "r1").await.unwrap(), Some(next));
    assert!(bed.db.delete_closing_reason(tenant, "r1").await.unwrap());
    assert!(!bed.db.delete_closing_reason(tenant, "r1").await.unwrap());
    assert_eq!(bed.db.closing_reason(tenant, "r1").await.unwrap(), None);
}

async fn a_closing_reasons_id_is_taken_once_per_tenant(bed: &Bed) {
    let (one, other) = (bed.tenant("one").await, bed.tenant("other").await);
    bed.closing_reason(one, "r1", 0).await;
    bed.closing_reason(other, "r1", 0).await;
    let second = new_reason(one, "r1", 1);
    assert_eq!(bed.db.insert_closing_reason(&second).await.unwrap_err(), StoreError::Duplicate("closing reason"));
}

async fn a_closing_reason_is_changed_only_at_the_version_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let reason = bed.closing_reason(tenant, "r1", 0).await;
    let third = ClosingReason { version: 3, ..reason.clone() };
    assert!(!bed.db.save_closing_reason(&third).await.unwrap());
    assert_eq!(bed.db.closing_reason(tenant, "r1").await.unwrap(), Some(reason));
}

async fn closing_reasons_are_listed_newest_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for (id, seconds) in [("b", 2), ("a", 1), ("c", 3)] {
        bed.closing_reason(tenant, id, seconds).await;
    }
    let ids: Vec<String> = bed.db.closing_reasons(tenant).await.unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["c", "b", "a"]);
}
