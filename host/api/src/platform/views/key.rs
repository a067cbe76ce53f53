use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::usecases::NewKey;
use stepwright_app::{ApiKey, Environment, KeyKind};
use stepwright_engine::Timestamp;
use utoipa::ToSchema;

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    id: String,
    /// The first characters of the key.
    prefix: String,
    dialect: &'static str,
    scopes: Vec<String>,
    /// `api_key` or `proxy_key`.
    kind: &'static str,
    /// `live` or `test`.
    environment: &'static str,
    /// The tenant it acts on: for `test` the sandbox.
    tenant_id: String,
    name: Option<String>,
    instance_id: Option<String>,
    subject: Option<String>,
    ip_allowlist: Vec<String>,
    rate_limit_per_minute: Option<u32>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A fresh key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewKey)]
pub struct NewKeyView {
    /// The whole key.
    key: String,
    #[serde(flatten)]
    shown: KeyView,
}

impl From<NewKey> for NewKeyView {
    fn from(new: NewKey) -> Self {
        Self { key: new.secret, shown: view_key(new.key) }
    }
}

pub fn view_key(key: ApiKey) -> KeyView {
    KeyView {
        id: key.id.to_string(),
        prefix: key.prefix,
        dialect: key.dialect.as_str(),
        scopes: key.scopes,
        kind: match key.kind {
            KeyKind::ApiKey => "api_key",
            KeyKind::ProxyKey => "proxy_key",
        },
        environment: match key.environment {
            Environment::Live => "live",
            Environment::Test => "test",
        },
        tenant_id: key.tenant_id.to_string(),
        name: key.name,
        instance_id: key.instance_id.map(|id| id.to_string()),
        subject: key.subject,
        ip_allowlist: key.ip_allowlist,
        rate_limit_per_minute: key.rate_limit_per_minute,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        created_at: key.created_at,
    }
}
