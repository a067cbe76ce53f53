//! Webhook endpoints and their deliveries.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Delivery, EndpointSecret, Listed, Paging, WebhookEndpoint};
use std::time::Duration;
use stepwright_engine::{Dialect, EndpointId};

/// How long an old signing secret stays valid after a rotation.
const ROTATION_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// Endpoints of one tenant.
const MAX_ENDPOINTS: u32 = 100;

/// An endpoint to be made.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub dialect: Dialect,
    pub url: String,
    /// Empty means all.
    pub events: Vec<String>,
}

impl App {
    /// Makes an endpoint with a fresh secret (the first of `secrets`), which is shown this once.
    ///
    /// # Errors
    /// `Invalid`, `Quota`.
    pub async fn create_endpoint(&self, access: &Access, new: NewEndpoint) -> AppResult<WebhookEndpoint> {
        self.check_endpoint(new.dialect, &new.url, &new.events)?;
        let page = Paging::Offset { limit: MAX_ENDPOINTS, offset: 0 };
        if self.store().endpoints(access.tenant_id(), page).await?.items.len() as u32 >= MAX_ENDPOINTS {
            return Err(AppError::Quota(format!("a tenant has at most {MAX_ENDPOINTS} webhook endpoints")));
        }
        let endpoint = WebhookEndpoint {
            id: EndpointId::fresh(&**self.ids()),
            tenant_id: access.tenant_id(),
            dialect: new.dialect,
            url: new.url,
            events: new.events,
            secrets: vec![EndpointSecret { value: self.fresh_secret("whsec_"), valid_until: None }],
            enabled: true,
            disabled_reason: None,
            created_at: self.now(),
        };
        self.store().insert_endpoint(&endpoint).await?;
        self.caches().invalidate();
        Ok(endpoint)
    }

    /// Endpoints, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn endpoints(&self, access: &Access, page: Paging) -> AppResult<Listed<WebhookEndpoint>> {
        Ok(self.store().endpoints(access.tenant_id(), page).await?)
    }

    /// Changes what is given; enabling clears the reason it was disabled for.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn update_endpoint(
        &self,
        access: &Access,
        id: EndpointId,
        url: Option<String>,
        events: Option<Vec<String>>,
        enabled: Option<bool>,
    ) -> AppResult<WebhookEndpoint> {
        let mut endpoint = self.endpoint(access, id).await?;
        endpoint.url = url.unwrap_or(endpoint.url);
        endpoint.events = events.unwrap_or(endpoint.events);
        if let Some(enabled) = enabled {
            endpoint.enabled = enabled;
            endpoint.disabled_reason = None;
        }
        self.check_endpoint(endpoint.dialect, &endpoint.url, &endpoint.events)?;
        self.save_endpoint(endpoint).await
    }

    /// Deletes an endpoint and its deliveries.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_endpoint(&self, access: &Access, id: EndpointId) -> AppResult<()> {
        let found = self.store().delete_endpoint(access.tenant_id(), id).await?;
        self.caches().invalidate();
        if found { Ok(()) } else { Err(AppError::NotFound("webhook endpoint")) }
    }

    /// Gives the endpoint a new secret; the old one still signs for a day.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn rotate_secret(&self, access: &Access, id: EndpointId) -> AppResult<WebhookEndpoint> {
        let mut endpoint = self.endpoint(access, id).await?;
        let now = self.now();
        endpoint.secrets.retain(|s| s.valid_until.is_none_or(|until| until > now));
        for old in endpoint.secrets.iter_mut().filter(|s| s.valid_until.is_none()) {
            old.valid_until = Some(now + ROTATION_OVERLAP);
        }
        endpoint.secrets.insert(0, EndpointSecret { value: self.fresh_secret("whsec_"), valid_until: None });
        endpoint.secrets.truncate(3);
        self.save_endpoint(endpoint).await
    }

    /// Deliveries of an endpoint, newest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn deliveries(&self, access: &Access, id: EndpointId, page: Paging) -> AppResult<Listed<Delivery>> {
        self.endpoint(access, id).await?;
        Ok(self.store().deliveries(access.tenant_id(), id, page).await?)
    }

    /// One endpoint.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn endpoint(&self, access: &Access, id: EndpointId) -> AppResult<WebhookEndpoint> {
        self.store().endpoint(access.tenant_id(), id).await?.ok_or(AppError::NotFound("webhook endpoint"))
    }

    async fn save_endpoint(&self, endpoint: WebhookEndpoint) -> AppResult<WebhookEndpoint> {
        let saved = self.store().save_endpoint(&endpoint).await?;
        self.caches().invalidate();
        if saved { Ok(endpoint) } else { Err(AppError::NotFound("webhook endpoint")) }
    }

    fn check_endpoint(&self, dialect: Dialect, url: &str, events: &[String]) -> AppResult<()> {
        let mut faults = Vec::new();
        if !(url.starts_with("https://") || url.starts_with("http://")) || url.len() > 2_000 {
            faults.push(FieldFault::new("/url", "must be an http or https URL of at most 2000 bytes"));
        }
        match self.projection(dialect) {
            None => faults.push(FieldFault::new("/dialect", format!("{} sends no webhooks", dialect.as_str()))),
            Some(projection) => {
                let known = projection.kinds();
                for (i, event) in events.iter().enumerate() {
                    if event != "*" && !known.contains(&event.as_str()) {
                        faults.push(FieldFault::new(
                            format!("/events/{i}"),
                            format!("'{event}' is not one of {}", known.join(", ")),
                        ));
                    }
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::Invalid(faults)) }
    }
}
