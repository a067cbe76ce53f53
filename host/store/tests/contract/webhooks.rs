//! Webhook endpoints and deliveries.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{CommitStore as _, TenantStore as _, WebhookStore as _};
use stepwright_app::{Commit, DeliveryState, EndpointSecret, Paging, Wake, WebhookEndpoint, WebhookEvent};
use stepwright_engine::{Dialect, EndpointId, TenantId, Timestamp, WebhookEventId};

on_both!(
    an_endpoint_is_kept_changed_and_deleted,
    a_committed_event_goes_to_each_of_its_endpoints,
    deliveries_of_one_execution_come_in_order,
    an_endpoint_that_does_not_answer_holds_up_no_other,
    a_deleted_endpoint_takes_its_deliveries_along,
);

const ALL: Paging = Paging::After { limit: 100, cursor: None };

impl Bed {
    pub async fn endpoint(&self, tenant_id: TenantId) -> WebhookEndpoint {
        let endpoint = WebhookEndpoint {
            id: EndpointId::fresh(&*self.ids),
            tenant_id,
            dialect: Dialect::Platform,
            url: "https://example.com/hook".into(),
            events: vec!["*".into()],
            secrets: vec![EndpointSecret { value: "whsec_1".into(), valid_until: None }],
            enabled: true,
            disabled_reason: None,
            created_at: T0,
        };
        self.db.insert_endpoint(&endpoint).await.unwrap();
        endpoint
    }

    pub fn event(&self, tenant_id: TenantId, kind: &str, created_at: Timestamp) -> WebhookEvent {
        WebhookEvent {
            id: WebhookEventId::fresh(&*self.ids),
            tenant_id,
            dialect: Dialect::Platform,
            kind: kind.into(),
            body: json(value!({ "type": kind })),
            created_at,
        }
    }

    /// The kinds claimed at an instant.
    async fn claim_kinds(&self, now: Timestamp) -> Vec<String> {
        let until = now + std::time::Duration::from_secs(30);
        let claimed = self.db.claim_deliveries(now, until, 10).await.unwrap();
        claimed.into_iter().map(|d| d.event.kind).collect()
    }
}

async fn an_endpoint_is_kept_changed_and_deleted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let before = bed.db.change_counter().await.unwrap();
    let mut endpoint = bed.endpoint(tenant).await;
    assert_eq!(bed.db.endpoint(tenant, endpoint.id).await.unwrap(), Some(endpoint.clone()));
    endpoint.enabled = false;
    endpoint.disabled_reason = Some("410".into());
    assert!(bed.db.save_endpoint(&endpoint).await.unwrap());
    assert_eq!(bed.db.endpoints(tenant, ALL).await.unwrap().items, [endpoint.clone()]);
    assert!(bed.db.delete_endpoint(tenant, endpoint.id).await.unwrap());
    assert!(!bed.db.delete_endpoint(tenant, endpoint.id).await.unwrap());
    assert!(!bed.db.save_endpoint(&endpoint).await.unwrap());
    assert_eq!(bed.db.endpoint(tenant, endpoint.id).await.unwrap(), None);
    assert!(bed.db.change_counter().await.unwrap() >= before + 3);
}

async fn a_committed_event_goes_to_each_of_its_endpoints(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (one, two) = (bed.endpoint(tenant).await, bed.endpoint(tenant).await);
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let (shared, single) = (bed.event(tenant, "shared", at(1)), bed.event(tenant, "single", at(1)));
    let webhooks = vec![(shared.clone(), vec![one.id, two.id]), (single.clone(), vec![two.id])];
    bed.db.commit(Commit { webhooks, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    let first = bed.db.deliveries(tenant, one.id, ALL).await.unwrap().items;
    assert_eq!(first.iter().map(|d| &d.event).collect::<Vec<_>>(), [&shared]);
    assert_eq!(first[0].state, DeliveryState::Pending { next_at: at(1) });
    let second = bed.db.deliveries(tenant, two.id, ALL).await.unwrap().items;
    assert_eq!(second.len(), 2);
    assert_eq!(bed.claim_kinds(at(1)).await, ["shared", "shared"]);
    let done = DeliveryState::Delivered { at: at(2) };
    bed.db.finish_delivery(tenant, first[0].id, &done, 1, Some(204), Some("ok\0")).await.unwrap();
    let stands = bed.db.deliveries(tenant, one.id, ALL).await.unwrap().items.remove(0);
    assert_eq!((stands.state, stands.attempts, stands.last_status), (done, 1, Some(204)));
    assert!(stands.last_response.unwrap().starts_with("ok"));
}

async fn deliveries_of_one_execution_come_in_order(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let endpoint = bed.endpoint(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let to = vec![endpoint.id];
    let webhooks = vec![
        (bed.event(tenant, "step.failed", at(9)), to.clone()),
        (bed.event(tenant, "run.failed", at(9)), to.clone()),
    ];
    bed.db.commit(Commit { webhooks, ..loaded.step(at(9), Wake::Never) }).await.unwrap();
    // A clock that runs behind does not change the order.
    let webhooks = vec![(bed.event(tenant, "run.retried", at(3)), to)];
    bed.db.commit(Commit { webhooks, ..loaded.advanced(at(9)).step(at(3), Wake::Never) }).await.unwrap();
    let mut now = 20;
    for kind in ["step.failed", "run.failed", "run.retried"] {
        let claimed = bed.db.claim_deliveries(at(now), at(now + 30), 10).await.unwrap();
        assert_eq!(claimed.iter().map(|d| d.event.kind.as_str()).collect::<Vec<_>>(), [kind]);
        // Nothing overtakes it, neither while it is on its way nor while it waits for its next attempt.
        assert!(bed.claim_kinds(at(now + 1)).await.is_empty());
        let again = DeliveryState::Pending { next_at: at(now + 5) };
        bed.db.finish_delivery(tenant, claimed[0].id, &again, 1, Some(500), None).await.unwrap();
        assert!(bed.claim_kinds(at(now + 4)).await.is_empty());
        assert_eq!(bed.claim_kinds(at(now + 5)).await, [kind]);
        let done = DeliveryState::Delivered { at: at(now + 6) };
        bed.db.finish_delivery(tenant, claimed[0].id, &done, 2, Some(200), None).await.unwrap();
        now += 10;
    }
    assert!(bed.claim_kinds(at(1_000)).await.is_empty());
}

async fn an_endpoint_that_does_not_answer_holds_up_no_other(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (dead, alive) = (bed.endpoint(tenant).await, bed.endpoint(tenant).await);
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let to = vec![dead.id, alive.id];
    let webhooks = vec![(bed.event(tenant, "first", at(1)), to.clone()), (bed.event(tenant, "second", at(1)), to)];
    bed.db.commit(Commit { webhooks, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    for delivery in bed.db.claim_deliveries(at(1), at(30), 10).await.unwrap() {
        let state = if delivery.endpoint_id == dead.id {
            DeliveryState::Pending { next_at: at(900) }
        } else {
            DeliveryState::Delivered { at: at(2) }
        };
        bed.db.finish_delivery(tenant, delivery.id, &state, 1, None, None).await.unwrap();
    }
    let next = bed.db.claim_deliveries(at(3), at(30), 10).await.unwrap();
    assert_eq!(next.iter().map(|d| d.endpoint_id).collect::<Vec<_>>(), [alive.id]);
}

async fn a_deleted_endpoint_takes_its_deliveries_along(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let (gone, stays) = (bed.endpoint(tenant).await, bed.endpoint(tenant).await);
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let webhooks = vec![
        (bed.event(tenant, "both", at(1)), vec![gone.id, stays.id]),
        (bed.event(tenant, "one", at(1)), vec![gone.id]),
    ];
    bed.db.commit(Commit { webhooks, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    assert!(bed.db.delete_endpoint(tenant, gone.id).await.unwrap());
    assert!(bed.db.deliveries(tenant, gone.id, ALL).await.unwrap().items.is_empty());
    assert_eq!(bed.claim_kinds(at(2)).await, ["both"]);
    assert_eq!(bed.count("webhook_events").await, 1);
}
