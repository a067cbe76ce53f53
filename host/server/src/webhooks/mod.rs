//! Webhooks out: events go to the endpoints tenants have named.
//!
//! At-least-once: a delivery is claimed before it is sent and its fate is saved after. An event has the same id and
//! body in every attempt and a new signature time. Events of one execution reach an endpoint in order: the store gives
//! out only the first that is pending.

pub(crate) mod client;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
mod verdict;

use crate::outbound::{Limits, Outbound, Pass, persistently};
use async_trait::async_trait;
use client::WebhookClient;
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::{Store, StoreResult, WebhookProjection};
use stepwright_app::{Delivery, DeliveryState, WebhookEndpoint};
use stepwright_engine::time::Clock;
use stepwright_engine::{EndpointId, Timestamp};
use verdict::Verdict;

/// Sends webhooks.
pub struct WebhooksOut {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    projections: Vec<Arc<dyn WebhookProjection>>,
    client: WebhookClient,
}

impl WebhooksOut {
    /// `projections` sign for their dialects.
    ///
    /// # Errors
    /// When there can be no TLS.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        projections: Vec<Arc<dyn WebhookProjection>>,
    ) -> anyhow::Result<Self> {
        Ok(Self { store, clock, projections, client: WebhookClient::new()? })
    }

    async fn attempt(&self, delivery: &Delivery) -> StoreResult<Option<Verdict>> {
        let tenant = self.store.tenant(delivery.tenant_id).await?;
        let endpoint = self.store.endpoint(delivery.tenant_id, delivery.endpoint_id).await?;
        // Deleted meanwhile, and the delivery with it.
        let (Some(tenant), Some(endpoint)) = (tenant, endpoint) else { return Ok(None) };
        let now = self.clock.now();
        if !endpoint.enabled {
            let reason = endpoint.disabled_reason.as_deref().unwrap_or("by its owner");
            return Ok(Some(verdict::given_up(delivery, &format!("the endpoint is disabled: {reason}"), now)));
        }
        let Some(headers) = self.signature(&endpoint, delivery, now) else {
            let reason = format!("nothing signs webhooks of {}", endpoint.dialect.as_str());
            return Ok(Some(verdict::given_up(delivery, &reason, now)));
        };
        let body = delivery.event.body.as_str().to_owned();
        let private = tenant.settings.webhooks.allow_private_targets;
        let answer = self.client.post(&endpoint.url, body, headers, private).await;
        let verdict = verdict::after_attempt(delivery, answer, self.clock.now());
        if verdict.disable {
            self.disable(endpoint).await?;
        }
        Ok(Some(verdict))
    }

    /// Headers that sign the event with every valid secret, the current one first.
    fn signature(
        &self,
        endpoint: &WebhookEndpoint,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Option<Vec<(String, String)>> {
        let projection = self.projections.iter().find(|p| p.dialect() == endpoint.dialect)?;
        let mut valid: Vec<_> = endpoint.secrets.iter().filter(|s| s.valid_until.is_none_or(|at| at > now)).collect();
        valid.sort_by_key(|secret| secret.valid_until.is_some());
        let secrets: Vec<&str> = valid.iter().map(|secret| secret.value.as_str()).collect();
        let event = &delivery.event;
        Some(projection.sign(event.id, &event.kind, event.body.as_str(), now.secs(), &secrets))
    }

    async fn disable(&self, endpoint: WebhookEndpoint) -> StoreResult<()> {
        tracing::info!(tenant = %endpoint.tenant_id, endpoint = %endpoint.id, "webhook endpoint disabled: it answered 410");
        let disabled_reason = Some("it answered 410 Gone".to_owned());
        self.store.save_endpoint(&WebhookEndpoint { enabled: false, disabled_reason, ..endpoint }).await?;
        Ok(())
    }

    async fn save(&self, delivery: &Delivery, verdict: &Verdict) {
        let response = Some(verdict.response.as_str());
        persistently("webhook", || {
            self.store.finish_delivery(
                delivery.tenant_id,
                delivery.id,
                &verdict.state,
                verdict.attempts,
                verdict.status,
                response,
            )
        })
        .await;
    }
}

#[async_trait]
impl Outbound for WebhooksOut {
    type Lane = EndpointId;
    type Item = Delivery;

    const NAME: &'static str = "webhooks";
    /// One at a time, so that an endpoint never sees an event before the one it follows from.
    const LIMITS: Limits = Limits { total: 512, width: 1, depth: 16 };
    const LONGEST: Duration = Duration::from_secs(30);

    async fn claim(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<Delivery>> {
        self.store.claim_deliveries(now, until, limit).await
    }

    fn lane(&self, delivery: &Delivery) -> EndpointId {
        delivery.endpoint_id
    }

    async fn send(&self, delivery: Delivery) -> Pass {
        let verdict = match self.attempt(&delivery).await {
            Ok(Some(verdict)) => verdict,
            Ok(None) => return Pass::Go,
            Err(error) => {
                tracing::warn!(delivery = %delivery.id, %error, "a webhook waits for the database");
                return Pass::Go;
            }
        };
        metrics::counter!("stepwright_webhook_attempts_total", "state" => verdict.state.name()).increment(1);
        log(&delivery, &verdict);
        self.save(&delivery, &verdict).await;
        verdict.pass
    }

    async fn put_off(&self, delivery: Delivery, until: Timestamp) {
        let state = DeliveryState::Pending { next_at: until };
        let Delivery { tenant_id, id, attempts, last_status, last_response, .. } = delivery;
        let done =
            self.store.finish_delivery(tenant_id, id, &state, attempts, last_status, last_response.as_deref()).await;
        if let Err(error) = done {
            tracing::warn!(delivery = %id, %error, "a webhook could not be given back; it waits for its lease to run out");
        }
    }
}

fn log(delivery: &Delivery, verdict: &Verdict) {
    let (tenant, id, kind) = (delivery.tenant_id, delivery.id, delivery.event.kind.as_str());
    let Verdict { state, attempts, status, response, .. } = verdict;
    match state {
        DeliveryState::Delivered { .. } => {
            tracing::info!(%tenant, delivery = %id, kind, attempts, status, "webhook delivered");
        }
        DeliveryState::Pending { next_at } => {
            tracing::info!(%tenant, delivery = %id, kind, attempts, status, %next_at, response, "webhook will be tried again");
        }
        DeliveryState::Failed { .. } => {
            tracing::warn!(%tenant, delivery = %id, kind, attempts, status, response, "webhook given up");
        }
    }
}
