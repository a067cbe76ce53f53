//! API keys: made once, shown once, stored as a hash.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{ApiKey, Environment, KeyKind, Listed, Paging, SecretHash};
use stepwright_engine::{Dialect, InstanceId, KeyId, Timestamp};

/// What a key is to be.
#[derive(Clone, Debug)]
pub struct NewKeyRequest {
    pub dialect: Dialect,
    pub scopes: Vec<String>,
    pub name: Option<String>,
    pub environment: Environment,
    pub kind: KeyKind,
    pub instance_id: Option<InstanceId>,
    pub expires_at: Option<Timestamp>,
    pub ip_allowlist: Vec<String>,
    pub rate_limit_per_minute: Option<u32>,
    pub subject: Option<String>,
}

/// A fresh key with its secret, which cannot be had again.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub key: ApiKey,
    pub secret: String,
}

impl App {
    /// Makes a key. `environment: test` makes it act on the tenant's sandbox.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub async fn create_key(&self, access: &Access, request: NewKeyRequest) -> AppResult<NewKey> {
        let tenant = access.tenant();
        let mut faults = Vec::new();
        if request.scopes.len() > 100 || request.scopes.iter().any(|s| s.is_empty() || s.len() > 200) {
            faults.push(FieldFault::new("/scopes", "must be at most 100 texts of 1 to 200 bytes"));
        }
        if request.expires_at.is_some_and(|at| at <= self.now()) {
            faults.push(FieldFault::new("/expires_at", "must lie in the future"));
        }
        if request.rate_limit_per_minute == Some(0) {
            faults.push(FieldFault::new("/rate_limit_per_minute", "must be at least 1"));
        }
        for (i, entry) in request.ip_allowlist.iter().enumerate() {
            if !is_address_or_block(entry) {
                faults.push(FieldFault::new(format!("/ip_allowlist/{i}"), "must be an IP address or a CIDR block"));
            }
        }
        match (request.kind, request.dialect, request.instance_id) {
            (KeyKind::ProxyKey, Dialect::Hydracore, None) => {
                faults.push(FieldFault::new("/instance_id", "is required for a proxy_key"));
            }
            (KeyKind::ProxyKey, Dialect::Hydracore, Some(id)) => {
                if self.store().instance(tenant.id, id).await?.is_none() {
                    faults.push(FieldFault::new("/instance_id", "names no instance of this tenant"));
                }
            }
            (KeyKind::ProxyKey, _, _) => faults.push(FieldFault::new("/kind", "proxy_key exists only for hydracore")),
            (KeyKind::ApiKey, _, Some(_)) => {
                faults.push(FieldFault::new("/instance_id", "goes only with kind proxy_key"));
            }
            (KeyKind::ApiKey, _, None) => {}
        }
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let tenant_id = match (request.environment, tenant.environment) {
            (Environment::Test, Environment::Live) => tenant.paired,
            _ => tenant.id,
        };
        let secret = self.fresh_secret(key_prefix(request.dialect, request.kind, request.environment));
        let key = ApiKey {
            id: KeyId::fresh(&**self.ids()),
            tenant_id,
            dialect: request.dialect,
            kind: request.kind,
            environment: request.environment,
            name: request.name,
            prefix: secret.chars().take(12).collect(),
            scopes: request.scopes,
            instance_id: request.instance_id,
            subject: request.subject,
            ip_allowlist: request.ip_allowlist,
            rate_limit_per_minute: request.rate_limit_per_minute,
            expires_at: request.expires_at,
            revoked_at: None,
            created_at: self.now(),
        };
        self.store().insert_key(&key, SecretHash::of(&secret)).await?;
        self.caches().invalidate();
        Ok(NewKey { key, secret })
    }

    /// Keys of the tenant and its sandbox, newest first, revoked ones included.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn keys(&self, access: &Access, page: Paging) -> AppResult<Listed<ApiKey>> {
        Ok(self.store().keys(&[access.tenant_id(), access.tenant().paired], page).await?)
    }

    /// Revokes a key at once here, within a poll on every other host.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_key(&self, access: &Access, id: KeyId) -> AppResult<()> {
        let tenants = [access.tenant_id(), access.tenant().paired];
        let found = self.store().revoke_key(&tenants, id, self.now()).await?;
        self.caches().invalidate();
        if found { Ok(()) } else { Err(AppError::NotFound("key")) }
    }

    /// `prefix` and 40 random characters (about 238 bits).
    pub(crate) fn fresh_secret(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.random_text(40))
    }

    /// Random letters and digits.
    pub(crate) fn random_text(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let mut byte = [0];
            self.random().secret_bytes(&mut byte);
            // Bytes past the last whole multiple would favour the first letters.
            if byte[0] < 248 {
                text.push(char::from(ALPHABET[usize::from(byte[0]) % 62]));
            }
        }
        text
    }
}

/// How a key's text begins (source: contracts/platform.md, keys).
const fn key_prefix(dialect: Dialect, kind: KeyKind, environment: Environment) -> &'static str {
    match (dialect, kind, environment) {
        (Dialect::Hydracore, KeyKind::ProxyKey, _) => "hcp_",
        (Dialect::Hydracore, KeyKind::ApiKey, _) => "hc_live_",
        (Dialect::Epilot, _, _) => "ep_",
        (Dialect::Softsolz, _, Environment::Live) => "sk_live_",
        (Dialect::Softsolz, _, Environment::Test) => "sk_test_",
        (Dialect::Smartmca, _, Environment::Live) => "smca_live_",
        (Dialect::Smartmca, _, Environment::Test) => "smca_test_",
        (Dialect::Platform, _, _) => "sw_live_",
    }
}

fn is_address_or_block(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|b| b.parse::<u8>().is_ok_and(|b| b <= longest))
}
