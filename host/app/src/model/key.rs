use super::Environment;
use serde::{Deserialize, Serialize};
use stepwright_engine::{Actor, Dialect, InstanceId, KeyId, TenantId, Timestamp};

/// SHA-256 of a key's full text; the text itself is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Hashes a key's text.
    pub fn of(secret: &str) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(secret.as_bytes()).into())
    }

    /// Lower-case hexadecimal, as stored.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    ApiKey,
    /// Bound to one HydraCore instance.
    ProxyKey,
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: KeyId,
    /// The tenant the key acts on: for `environment: test` the sandbox.
    pub tenant_id: TenantId,
    pub dialect: Dialect,
    pub kind: KeyKind,
    pub environment: Environment,
    pub name: Option<String>,
    /// The first characters, for display.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub instance_id: Option<InstanceId>,
    /// The user the key speaks for.
    pub subject: Option<String>,
    /// Addresses or CIDR blocks; empty means any.
    pub ip_allowlist: Vec<String>,
    pub rate_limit_per_minute: Option<u32>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// The operator token; may do everything.
    Operator,
    Key(std::sync::Arc<ApiKey>),
    /// A user whose token was signed with a key the tenant trusts.
    User(std::sync::Arc<User>),
}

/// The bearer of a signed token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub tenant_id: TenantId,
    pub subject: String,
    pub is_admin: bool,
}

impl Principal {
    /// For the history.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Operator => Actor::Operator,
            Self::Key(key) => Actor::Key { id: key.id, subject: key.subject.clone() },
            Self::User(user) => Actor::User { subject: user.subject.clone() },
        }
    }

    /// Whether the principal holds `scope`; `a.b.*` holds everything below `a.b`.
    pub fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Operator => true,
            Self::Key(key) => key.scopes.iter().any(|held| match held.strip_suffix('*') {
                Some(prefix) => scope.starts_with(prefix),
                None => held == scope,
            }),
            Self::User(user) => user.is_admin,
        }
    }
}
