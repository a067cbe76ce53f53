//! Mail out: queued messages of live tenants go to their SMTP servers.
//!
//! At-least-once at the SMTP edge: a message is claimed before it is sent and its fate is saved after. When the host
//! dies in between, the message is sent again once the lease has run out, with the same Message-ID.

#[cfg(test)]
pub(crate) mod fixture;
mod message;
mod smtp;
#[cfg(test)]
mod tests;
mod verdict;

use crate::outbound::{Limits, Outbound, Pass, persistently};
use async_trait::async_trait;
use lettre::transport::smtp::extension::ClientId;
use smtp::Fate;
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::{Store, StoreResult};
use stepwright_app::{App, MailState, OutboxMail, Smtp};
use stepwright_engine::time::Clock;
use stepwright_engine::{TenantId, Timestamp};

/// Sends mail.
pub struct MailOut {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    helo: ClientId,
    /// Told of every mail that has been sent or given up.
    ended: Option<App>,
}

impl MailOut {
    /// Greets servers as `helo_name`, or as the machine is called.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, helo_name: Option<String>) -> Self {
        Self { store, clock, helo: helo_name.map_or_else(ClientId::default, ClientId::Domain), ended: None }
    }

    /// Wakes the steps that wait for their mail.
    #[must_use]
    pub fn waking(self, app: App) -> Self {
        Self { ended: Some(app), ..self }
    }

    /// Also when it fails, nothing is lost: a step that waits looks by itself in the end.
    async fn tell(&self, mail: &OutboxMail, state: &MailState) {
        let (Some(app), MailState::Sent { .. } | MailState::Failed { .. }) = (&self.ended, state) else { return };
        if let Err(error) = app.mail_ended(mail).await {
            tracing::warn!(mail = %mail.id, %error, "the step that waits for a mail was not woken");
        }
    }

    async fn attempt(&self, mail: &OutboxMail, smtp: &Smtp) -> (MailState, Pass) {
        let begun = self.clock.now();
        let prepared = match message::prepare(mail, smtp) {
            Ok(prepared) => prepared,
            Err(error) => {
                let attempts = verdict::attempts(mail) + 1;
                return (MailState::Failed { at: begun, attempts, error }, Pass::Go);
            }
        };
        let partly = begun.since(mail.created_at) >= verdict::ALL_OR_NOTHING;
        let fate = smtp::send(smtp, &self.helo, &prepared, partly).await;
        if let Fate::Taken { refused } | Fate::Recipients(refused) = &fate {
            for (recipient, refusal) in refused {
                tracing::info!(tenant = %mail.tenant_id, mail = %mail.id, recipient, %refusal, "recipient refused");
            }
        }
        verdict::after_attempt(mail, fate, self.clock.now())
    }
}

#[async_trait]
impl Outbound for MailOut {
    type Lane = TenantId;
    type Item = OutboxMail;

    const NAME: &'static str = "mail";
    const LIMITS: Limits = Limits { total: 256, width: 4, depth: 8 };
    const LONGEST: Duration = Duration::from_secs(75);

    async fn claim(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<OutboxMail>> {
        self.store.claim_mails(now, until, limit).await
    }

    fn lane(&self, mail: &OutboxMail) -> TenantId {
        mail.tenant_id
    }

    async fn send(&self, mail: OutboxMail) -> Pass {
        let tenant = match self.store.tenant(mail.tenant_id).await {
            Ok(Some(tenant)) => tenant,
            // Deleted meanwhile, and its mail with it.
            Ok(None) => return Pass::Go,
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "a mail waits for the database");
                return Pass::Go;
            }
        };
        let (state, pass) = match &tenant.settings.smtp {
            Some(smtp) => self.attempt(&mail, smtp).await,
            None => (verdict::without_server(&mail, self.clock.now()), Pass::Go),
        };
        metrics::counter!("stepwright_mail_attempts_total", "state" => state.name()).increment(1);
        log(&mail, &state);
        persistently("mail", || self.store.finish_mail(mail.tenant_id, mail.id, &state)).await;
        self.tell(&mail, &state).await;
        pass
    }

    async fn put_off(&self, mail: OutboxMail, until: Timestamp) {
        let MailState::Queued { attempts, last_error, .. } = mail.state else { return };
        let state = MailState::Queued { next_at: until, attempts, last_error };
        if let Err(error) = self.store.finish_mail(mail.tenant_id, mail.id, &state).await {
            tracing::warn!(mail = %mail.id, %error, "a mail could not be given back; it waits for its lease to run out");
        }
    }
}

fn log(mail: &OutboxMail, state: &MailState) {
    let (tenant, id) = (mail.tenant_id, mail.id);
    match state {
        MailState::Sent { attempts, rejected, .. } => {
            tracing::info!(%tenant, mail = %id, attempts, rejected = rejected.len(), "mail sent");
        }
        MailState::Queued { next_at, attempts, last_error } => {
            let error = last_error.as_deref().unwrap_or_default();
            tracing::info!(%tenant, mail = %id, attempts, %next_at, error, "mail waits");
        }
        MailState::Failed { attempts, error, .. } => {
            tracing::warn!(%tenant, mail = %id, attempts, error, "mail failed");
        }
        MailState::Captured { .. } => {}
    }
}
