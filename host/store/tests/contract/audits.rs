//! What has been done to entities.

use crate::support::{Bed, at, empty_commit, json, on_both};
use stepwright_app::ports::{AuditStore as _, CommitError, CommitStore as _};
use stepwright_app::{Commit, Effects, EntityAudit, EntityWrite};
use stepwright_engine::ids::IdSource as _;
use stepwright_engine::{Actor, TenantId};

on_both!(a_line_is_written_with_the_change_it_tells_of_or_not_at_all);

async fn a_line_is_written_with_the_change_it_tells_of_or_not_at_all(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let line = |version: u64, to: &str| EntityAudit {
        id: bed.ids.fresh(),
        schema: "application".into(),
        entity: "a".into(),
        version,
        at: at(version),
        actor: Actor::System,
        action: "stage_changed".into(),
        from: None,
        to: to.into(),
        reason: None,
        executions: Vec::new(),
    };
    let change = |tenant: TenantId, audit: &EntityAudit| {
        let attributes = json(serde_json::json!({ "stage": audit.to }));
        let write =
            EntityWrite { schema: "application".into(), id: "a".into(), attributes, expected: audit.version - 1 };
        let effects = Effects { entities: vec![write], audits: vec![audit.clone()], ..Effects::default() };
        Commit { effects, ..empty_commit(tenant, audit.at) }
    };
    let lines = [line(1, "draft"), line(2, "submission"), line(3, "scrubbing")];
    for audit in &lines {
        bed.db.commit(change(tenant, audit)).await.unwrap();
    }
    let late = line(3, "funded");
    let refused = bed.db.commit(change(tenant, &late)).await.unwrap_err();
    assert!(matches!(refused, CommitError::EffectConflict(_)), "{refused:?}");
    let all = bed.db.entity_audits(tenant, "application", "a", 0, 10).await.unwrap();
    assert_eq!((all.items, all.has_more), (lines.to_vec(), false));
    let first = bed.db.entity_audits(tenant, "application", "a", 1, 1).await.unwrap();
    assert_eq!((first.items, first.has_more), (vec![lines[1].clone()], true));
    assert_eq!(bed.db.entity_audit(tenant, lines[0].id).await.unwrap(), Some(lines[0].clone()));
    assert_eq!(bed.db.entity_audit(tenant, late.id).await.unwrap(), None);
    // Nobody else's.
    assert_eq!(bed.db.entity_audit(other, lines[0].id).await.unwrap(), None);
    assert!(bed.db.entity_audits(other, "application", "a", 0, 10).await.unwrap().items.is_empty());
}
