//! What callers can ask for, one file per topic. Every call names the principal or has been authorized by it.

mod access;
mod automations;
mod closing_reasons;
mod control;
mod data;
mod definitions;
mod executions;
mod idempotency;
mod keys;
mod plugins;
mod settings;
mod templates;
mod tenants;
mod webhooks;

pub use access::Access;
pub use automations::{ActionDraft, AutomationDraft};
pub use closing_reasons::ReasonPatch;
pub use definitions::{DefinitionDraft, NodeDraft, NodeDraftKind};
pub use executions::{ExecutionView, StartArgs, Started};
pub use idempotency::Repeatable;
pub use keys::{NewKey, NewKeyRequest};
pub use plugins::{EnableRequest, TryRequest, TryResult};
pub use templates::{
    MAX_TEMPLATES, SortBy, StoredTemplate, TemplateDocument, TemplateDraft, TemplateFilter, TemplateSearch,
    TemplateVersion, TriggerFilter,
};
pub use webhooks::NewEndpoint;

use sha2::Digest as _;
use stepwright_engine::ExecutionId;
use uuid::Uuid;

/// An execution id that is the same whenever it is derived from the same parts.
pub(crate) fn derived_id(parts: &[&str]) -> ExecutionId {
    ExecutionId::from_uuid(derived_uuid(parts))
}

/// A version-8 UUID from the SHA-256 of the parts. Resources created under an idempotency key get such ids, so that
/// a request repeated after a crash meets what the first one has made instead of making it again.
pub fn derived_uuid(parts: &[&str]) -> Uuid {
    let mut hash = sha2::Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
