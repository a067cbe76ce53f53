use crate::kit::time::{millis, opt_millis};
use serde::Serialize;
use stepwright_app::{Entity, Environment, Instance, MailState, Message, OutboxMail, Tenant};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// A tenant, or the sandbox paired with one.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    id: String,
    name: String,
    slug: String,
    /// `live` or `test`.
    environment: &'static str,
    /// The sandbox; null for a sandbox.
    test_tenant_id: Option<String>,
    /// The tenant a sandbox belongs to; null for a live tenant.
    live_tenant_id: Option<String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub fn view_tenant(tenant: &Tenant) -> TenantView {
    let paired = tenant.paired.to_string();
    let (test_tenant_id, live_tenant_id) = match tenant.environment {
        Environment::Live => (Some(paired), None),
        Environment::Test => (None, Some(paired)),
    };
    TenantView {
        id: tenant.id.to_string(),
        name: tenant.name.clone(),
        slug: tenant.slug.clone(),
        environment: tenant.environment.as_str(),
        test_tenant_id,
        live_tenant_id,
        created_at: tenant.created_at,
    }
}

/// A HydraCore agent instance.
#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
pub struct InstanceView {
    id: String,
    name: String,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub fn view_instance(instance: Instance) -> InstanceView {
    InstanceView { id: instance.id.to_string(), name: instance.name, created_at: instance.created_at }
}

/// An entity.
#[derive(Serialize, ToSchema)]
#[schema(as = Entity)]
pub struct EntityView {
    schema: String,
    id: String,
    /// From 1, one more per change.
    version: u64,
    #[schema(value_type = Object)]
    attributes: RawJson,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

pub fn view_entity(entity: Entity) -> EntityView {
    let Entity { schema, id, version, attributes, created_at, updated_at } = entity;
    EntityView { schema, id, version, attributes, created_at, updated_at }
}

/// A mail message in the outbox.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
pub struct MailView {
    id: String,
    execution_id: Option<String>,
    /// `{to, cc, bcc, reply_to, subject, text, html}`.
    #[schema(value_type = Object)]
    message: Message,
    /// `queued`, `sent`, `captured` (a sandbox sends nothing) or `failed`.
    state: &'static str,
    attempts: u32,
    /// The next attempt of a queued message.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// When it was sent, captured or given up.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// What went wrong last.
    error: Option<String>,
    /// Recipients the server has refused.
    rejected: Vec<String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub fn view_mail(mail: OutboxMail) -> MailView {
    let state = mail.state.name();
    let (attempts, next_at, ended_at, error, rejected) = match mail.state {
        MailState::Queued { next_at, attempts, last_error } => (attempts, Some(next_at), None, last_error, Vec::new()),
        MailState::Sent { at, attempts, rejected } => (attempts, None, Some(at), None, rejected),
        MailState::Captured { at } => (0, None, Some(at), None, Vec::new()),
        MailState::Failed { at, attempts, error } => (attempts, None, Some(at), Some(error), Vec::new()),
    };
    MailView {
        id: mail.id.to_string(),
        execution_id: mail.execution_id.map(|id| id.to_string()),
        message: mail.message,
        state,
        attempts,
        next_at,
        ended_at,
        error,
        rejected,
        created_at: mail.created_at,
    }
}
