//! What callers can ask for, one file per topic. Every call names the principal or has been authorized by it.

mod access;
mod action_warnings;
mod agent_runs;
mod agents;
mod applications;
mod automations;
mod closing_reasons;
mod control;
mod data;
mod decisions;
mod definition_rules;
mod definitions;
mod entity_changes;
mod executions;
mod flows;
mod idempotency;
mod keys;
mod mcp_servers;
mod native;
mod offers;
mod plugins;
mod records;
mod settings;
mod templates;
mod tenants;
mod webhooks;

pub use access::Access;
pub use action_warnings::ActionWarning;
pub use agent_runs::{AuditedJournal, DecisionDraft, ReplayReport};
pub use agents::AgentDraft;
pub use applications::{ApplicationChange, ApplicationChanged};
pub use automations::{ActionDraft, AutomationDraft, CUSTOM_ACTION, CustomAction};
pub use closing_reasons::ReasonPatch;
pub(crate) use definition_rules::schema_faults;
pub use definitions::{DefinitionDraft, NodeDraft, NodeDraftKind};
pub use executions::{ExecutionView, StartArgs, Started};
pub use flows::{FlowPage, FlowView, MOST_HITS, StartFlowArgs, TaskPage};
pub use idempotency::Repeatable;
pub use keys::{NewKey, NewKeyRequest};
pub use mcp_servers::McpServerDraft;
pub use native::NativeFilter;
pub use offers::{Offer, OfferPage, Progress};
pub use plugins::{EnableRequest, TryRequest, TryResult};
pub use records::{GuardDraft, OpenRecord, RecordCaller, RecordPage, RecordView};
pub use templates::{
    MAX_TEMPLATES, SortBy, StoredTemplate, TemplateDocument, TemplateDraft, TemplateFilter, TemplateSearch,
    TemplateVersion, TriggerFilter, template_definition_id,
};
pub use webhooks::NewEndpoint;

pub(crate) use flows::refused;
pub(crate) use mcp_servers::mcp_access;
pub(crate) use offers::{lone_definition, lone_node};
pub(crate) use records::{GuardVerdict, record_definition, unfit};

use sha2::Digest as _;
use stepwright_engine::{ExecutionId, IdSource, TenantId};
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

/// The execution around the flow with this id.
pub fn flow_execution_id(tenant: TenantId, flow: &str) -> ExecutionId {
    derived_id(&["epilot-execution", &tenant.to_string(), flow])
}

/// An id as clients of flows see them: 10 url-safe characters nobody can guess.
pub(crate) fn fresh_flow_id(ids: &dyn IdSource) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // Hashed, since the first part of a fresh id is only the time.
    let digest: [u8; 32] = sha2::Sha256::digest(ids.fresh().as_bytes()).into();
    digest.iter().take(10).map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Counter(AtomicU64);

    impl IdSource for Counter {
        fn fresh(&self) -> Uuid {
            Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    #[test]
    fn ids_of_flows_have_ten_url_safe_characters_and_differ() {
        let ids = Counter(AtomicU64::new(0));
        let made: std::collections::BTreeSet<String> = (0..1_000).map(|_| fresh_flow_id(&ids)).collect();
        assert_eq!(made.len(), 1_000);
        let safe = |id: &String| id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        assert!(made.iter().all(safe));
    }

    #[test]
    fn the_same_id_in_another_tenant_is_another_execution() {
        let [one, other] = [1, 2].map(|n| TenantId::from_uuid(Uuid::from_u128(n)));
        assert_eq!(flow_execution_id(one, "abcdefgh"), flow_execution_id(one, "abcdefgh"));
        assert_ne!(flow_execution_id(one, "abcdefgh"), flow_execution_id(other, "abcdefgh"));
        assert_ne!(flow_execution_id(one, "abcdefgh"), flow_execution_id(one, "abcdefgi"));
    }
}
