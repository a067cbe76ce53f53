use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tenant's settings. Secrets stand in clear in the database and are never sent back by the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// IANA name.
    pub timezone: String,
    pub smtp: Option<Smtp>,
    pub jwt: Option<JwtSettings>,
    pub webhooks: WebhookPolicy,
    /// Model access (agents).
    pub llm: Option<serde_json::Value>,
    pub quotas: Quotas,
    pub applications: ApplicationSettings,
    /// Secrets plugins may use without reading them, by name.
    pub secrets: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timezone: "UTC".into(),
            smtp: None,
            jwt: None,
            webhooks: WebhookPolicy::default(),
            llm: None,
            quotas: Quotas::default(),
            applications: ApplicationSettings::default(),
            secrets: BTreeMap::new(),
        }
    }
}

/// How the connection to the SMTP server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpMode {
    /// Usually port 587.
    Starttls,
    /// Usually port 465.
    Tls,
    /// Only to a loopback address.
    None,
}

/// The tenant's SMTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub mode: SmtpMode,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<String>,
    /// `Name <a@b.c>` or `a@b.c`.
    pub from: String,
    #[serde(default)]
    pub reply_to: Option<String>,
}

/// Whose JWTs are accepted (HydraCore dashboard).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JwtSettings {
    pub hs256_secret: Option<String>,
    pub jwks: Option<serde_json::Value>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
}

/// Where webhooks may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookPolicy {
    /// Permits private and loopback targets. Only the operator may set it.
    pub allow_private_targets: bool,
}

/// What applications may become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSettings {
    /// The statuses they may have; empty means any text.
    pub statuses: Vec<String>,
}

/// What one tenant may take of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// Step invocations running at the same time on one host.
    pub concurrent_invocations: u32,
    /// Executions that have not ended.
    pub open_executions: u64,
    /// Published plugin versions.
    pub plugins: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { concurrent_invocations: 64, open_executions: 1_000_000, plugins: 200 }
    }
}
