//! A tenant's settings.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Principal, Settings, SmtpMode};
use crate::session::check_address;
use stepwright_engine::cron::check_timezone;

impl App {
    /// Replaces the settings. Only the operator may permit private webhook targets or raise quotas.
    ///
    /// # Errors
    /// `Invalid` with every fault, `Forbidden`.
    pub async fn save_settings(&self, access: &Access, settings: Settings) -> AppResult<Settings> {
        // Not the cached ones: the operator may just have changed them on another host.
        let stored = self.store().tenant(access.tenant_id()).await?.ok_or(AppError::NotFound("tenant"))?;
        let old = &stored.settings;
        if !matches!(access.principal(), Principal::Operator)
            && (settings.webhooks != old.webhooks || settings.quotas != old.quotas)
        {
            return Err(AppError::Forbidden(
                "only the operator may change webhooks.allow_private_targets and quotas".into(),
            ));
        }
        let faults = faults_of(&settings);
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        if !self.store().save_settings(access.tenant_id(), &settings).await? {
            return Err(AppError::NotFound("tenant"));
        }
        self.caches().invalidate();
        Ok(settings)
    }
}

fn faults_of(settings: &Settings) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if let Err(error) = check_timezone(&settings.timezone) {
        faults.push(FieldFault::new("/timezone", error.to_string()));
    }
    if let Some(smtp) = &settings.smtp {
        if smtp.host.trim().is_empty() || smtp.host.len() > 253 {
            faults.push(FieldFault::new("/smtp/host", "must be a host name or address"));
        }
        if smtp.port == 0 {
            faults.push(FieldFault::new("/smtp/port", "must be 1 to 65535"));
        }
        if smtp.mode == SmtpMode::None && !is_loopback(&smtp.host) {
            faults.push(FieldFault::new("/smtp/mode", "none is allowed only for a loopback host"));
        }
        if let Err(rule) = check_address(&smtp.from) {
            faults.push(FieldFault::new("/smtp/from", rule));
        }
        if let Some(Err(rule)) = smtp.reply_to.as_deref().map(check_address) {
            faults.push(FieldFault::new("/smtp/reply_to", rule));
        }
        if smtp.username.is_some() != smtp.password.is_some() {
            faults.push(FieldFault::new("/smtp/password", "username and password go together"));
        }
    }
    if settings.quotas.concurrent_invocations == 0 {
        faults.push(FieldFault::new("/quotas/concurrent_invocations", "must be at least 1"));
    }
    let statuses = &settings.applications.statuses;
    if statuses.len() > 100 || statuses.iter().any(|s| s.is_empty() || s.chars().count() > 64) {
        faults.push(FieldFault::new("/applications/statuses", "must be at most 100 texts of 1 to 64 characters"));
    }
    if settings.secrets.len() > 100 || settings.secrets.keys().any(|k| k.is_empty() || k.len() > 100) {
        faults.push(FieldFault::new("/secrets", "must have at most 100 names of 1 to 100 bytes"));
    }
    faults
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
