//! The HydraCore API over HTTP (source: contracts/hydracore.md).

mod auth;
mod guards;
mod jwks;
mod lifecycle;
mod lists;
mod races;
mod timers;
mod validation;
mod webhooks;

use crate::support::host::Tenant;
use crate::support::{Client, TestHost};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

pub const CUSTOMER: &str = "160c0c4b-9966-4dc1-a916-8407eb10d74e";
pub const SECRET: &str = "the secret of this tenant's dashboard";

/// A tenant with an instance, its agent, an administrator and a key for dashboards.
pub struct Bed {
    pub tenant: Tenant,
    pub instance: String,
    /// Speaks for the instance.
    pub agent: Client,
    /// Speaks with a signed token.
    pub admin: Client,
}

impl Bed {
    pub async fn new(host: &TestHost) -> Self {
        Self::of(host, host.tenant().await).await
    }

    /// Of a tenant that is there.
    pub async fn of(host: &TestHost, tenant: Tenant) -> Self {
        let settings = json!({ "jwt": { "hs256_secret": SECRET } });
        host.operator.json("PATCH", &format!("{}/settings", tenant.base), &settings).await.expect(200);
        let (instance, agent) = agent(host, &tenant).await;
        let admin = host.operator.with_key(&token(&claims(&tenant)));
        Self { tenant, instance, agent, admin }
    }

    /// Another instance of the same tenant.
    pub async fn other_instance(&self, host: &TestHost) -> Self {
        let (instance, agent) = agent(host, &self.tenant).await;
        Self { tenant: self.tenant.clone(), instance, agent, admin: self.admin.clone() }
    }

    /// The path of the instance's workflows.
    pub fn workflows(&self) -> String {
        format!("/internal/v1/instances/{}/workflows", self.instance)
    }

    /// The least a workflow needs.
    pub fn lead(&self) -> Value {
        json!({ "customer_id": CUSTOMER, "workflow_type": "lead" })
    }

    /// Opens a workflow with these members besides; its path for the agent and its id.
    pub async fn open(&self, more: Value) -> (String, String) {
        let mut body = self.lead();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.agent.post(&self.workflows(), &body).await.expect(201).json();
        let id = made["id"].as_str().expect("id").to_owned();
        (format!("{}/{id}", self.workflows()), id)
    }

    pub async fn advance(&self, path: &str, body: Value) -> Value {
        self.agent.json("PATCH", path, &body).await.expect(200).json()
    }

    pub async fn shown(&self, path: &str) -> Value {
        self.agent.get(path).await.expect(200).json()
    }
}

async fn agent(host: &TestHost, tenant: &Tenant) -> (String, Client) {
    let made = host.operator.post(&format!("{}/instances", tenant.base), &json!({ "name": "agent" })).await;
    let instance = made.expect(201).json()["id"].as_str().expect("id").to_owned();
    let key = json!({ "dialect": "hydracore", "kind": "proxy_key", "instance_id": instance, "scopes": [],
        "rate_limit_per_minute": 1_000_000 });
    let key = host.operator.post(&format!("{}/keys", tenant.base), &key).await.expect(201).json();
    let key = key["key"].as_str().expect("key").to_owned();
    assert!(key.starts_with("hcp_"), "{key}");
    (instance, host.operator.with_key(&key))
}

/// What a token of the tenant's administrator claims.
pub fn claims(tenant: &Tenant) -> Value {
    let id = tenant.base.rsplit('/').next().unwrap();
    json!({ "sub": "ada@example.com", "tenant_id": id, "role": "admin", "exp": 4_000_000_000_u64 })
}

/// A token signed with the secret of the tests' tenants.
pub fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The actions of a history, in order.
pub fn actions(record: &Value) -> Vec<&str> {
    record["history"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap()).collect()
}
