use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::{Delivery, DeliveryState, WebhookEndpoint};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// A webhook endpoint without its secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    id: String,
    dialect: &'static str,
    url: String,
    /// Empty means all.
    events: Vec<String>,
    enabled: bool,
    /// Why the host has disabled it.
    disabled_reason: Option<String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A webhook endpoint with its current secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub struct EndpointWithSecret {
    secret: String,
    /// Until when the secret before this one signs too.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_secret_valid_until: Option<Timestamp>,
    #[serde(flatten)]
    shown: EndpointView,
}

impl From<WebhookEndpoint> for EndpointWithSecret {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self {
            secret: endpoint.secrets.first().map(|s| s.value.clone()).unwrap_or_default(),
            previous_secret_valid_until: endpoint.secrets.get(1).and_then(|s| s.valid_until),
            shown: view_endpoint(endpoint),
        }
    }
}

pub fn view_endpoint(endpoint: WebhookEndpoint) -> EndpointView {
    EndpointView {
        id: endpoint.id.to_string(),
        dialect: endpoint.dialect.as_str(),
        url: endpoint.url,
        events: endpoint.events,
        enabled: endpoint.enabled,
        disabled_reason: endpoint.disabled_reason,
        created_at: endpoint.created_at,
    }
}

/// One endpoint's delivery of one event.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryView {
    id: String,
    event_id: String,
    /// The event's type.
    #[serde(rename = "type")]
    kind: String,
    /// The whole body as sent.
    #[schema(value_type = Object)]
    body: RawJson,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    attempts: u32,
    /// The next attempt of a pending delivery.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// When it was delivered or given up.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The status of the last answer.
    last_status: Option<u16>,
    last_response: Option<String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub fn view_delivery(delivery: Delivery) -> DeliveryView {
    let (next_at, ended_at) = match delivery.state {
        DeliveryState::Pending { next_at } => (Some(next_at), None),
        DeliveryState::Delivered { at } | DeliveryState::Failed { at } => (None, Some(at)),
    };
    DeliveryView {
        id: delivery.id.to_string(),
        event_id: delivery.event.id.to_string(),
        kind: delivery.event.kind,
        body: delivery.event.body,
        state: delivery.state.name(),
        attempts: delivery.attempts,
        next_at,
        ended_at,
        last_status: delivery.last_status,
        last_response: delivery.last_response,
        created_at: delivery.event.created_at,
    }
}
