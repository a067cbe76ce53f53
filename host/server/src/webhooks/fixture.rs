//! A delivery to try things on.

use crate::testing::CREATED;
use stepwright_app::{Delivery, DeliveryState, WebhookEvent};
use stepwright_engine::{DeliveryId, Dialect, EndpointId, RawJson, TenantId, WebhookEventId};
use uuid::Uuid;

pub fn delivery() -> Delivery {
    let tenant_id = TenantId::from_uuid(Uuid::from_u128(1));
    Delivery {
        id: DeliveryId::from_uuid(Uuid::from_u128(3)),
        tenant_id,
        endpoint_id: EndpointId::from_uuid(Uuid::from_u128(4)),
        event: event(tenant_id, 2),
        state: DeliveryState::Pending { next_at: CREATED },
        attempts: 0,
        last_status: None,
        last_response: None,
    }
}

pub fn event(tenant_id: TenantId, number: u128) -> WebhookEvent {
    WebhookEvent {
        id: WebhookEventId::from_uuid(Uuid::from_u128(number)),
        tenant_id,
        dialect: Dialect::Softsolz,
        kind: "workflows.run.completed".into(),
        body: RawJson::from(serde_json::json!({ "number": number.to_string() })),
        created_at: CREATED,
    }
}
