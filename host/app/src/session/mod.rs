//! What a guest's host calls see and stage.
//!
//! A session belongs to one invocation. Reads see the store with the invocation's own writes on top; nothing
//! reaches the store until the driver commits the staged effects together with the outcome. Dropping a session
//! leaves nothing behind.

mod address;
mod data;
mod entities;
mod messages;
mod small;
#[cfg(test)]
mod tests;

pub use address::{check_address, check_subject};
pub use data::RowPatch;
pub use small::KvScopeName;

use crate::model::{
    DataWrite, Dataset, Effects, Emitted, EntityWrite, Environment, Grants, KvScope, KvWrite, Notification, OutboxMail,
    Tenant,
};
use crate::ports::{Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use stepwright_engine::flow::Context;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Definition, ExecutionId, IdSource, RawJson, TaskId, TenantId, Timestamp};

/// Bytes of a name that becomes part of a key.
const MAX_KEY_BYTES: usize = 200;
/// Bytes one invocation may stage.
const MAX_STAGED_BYTES: usize = 8 << 20;
/// Executions that may start each other in a chain.
pub const MAX_CHAIN_DEPTH: u32 = 10;

/// Why a host call was refused (source: wit/types@0.1.0 `host-error`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("not granted: {0}")]
    Denied(String),
    #[error("not found")]
    NotFound,
    #[error("version conflict, current is {0}")]
    Conflict(u64),
    #[error("invalid argument: {0}")]
    Invalid(String),
    #[error("limit reached: {0}")]
    Limit(String),
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A stable code, such as `mail_not_configured`.
    #[error("not configured: {0}")]
    NotConfigured(String),
}

impl From<StoreError> for HostError {
    fn from(_: StoreError) -> Self {
        // The text of a database error is for the host's logs, not for guests.
        Self::Unavailable("the store did not answer".into())
    }
}

/// Whose invocation it is.
#[derive(Clone, Debug)]
pub struct SessionScope {
    pub tenant_id: TenantId,
    /// The plugin's name; key-value data is kept apart by it.
    pub plugin: String,
    /// The execution and task; none while a plugin is tried out or a config validated.
    pub task: Option<(ExecutionId, TaskKey)>,
    pub definition: Option<stepwright_engine::DefinitionId>,
    /// Different for every invocation of the task whose effects are kept.
    pub ordinal: u64,
    /// How many executions started each other up to this one.
    pub depth: u32,
    pub now: Timestamp,
    pub mail: MailPolicy,
}

/// Names a task within its execution, the same for every attempt. What is staged under another key is meant anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskKey(String);

impl TaskKey {
    /// A task of the core, in its round.
    pub fn of_task(task: TaskId, round: u32) -> Self {
        Self(if round == 0 { task.to_string() } else { format!("{task}~{round}") })
    }

    /// An action of a run of a flow's automation.
    pub fn of_action(run: &str, action: usize) -> Self {
        Self(format!("{run}:{action}"))
    }

    /// A tool call of a run of an agent.
    pub fn of_tool_call(run: &str, ordinal: u32) -> Self {
        Self(format!("{run}#{ordinal}"))
    }
}

impl std::fmt::Display for TaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of a tenant's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPolicy {
    /// A sandbox tenant's mail is kept, never sent.
    Capture,
    Send,
    /// A live tenant without an SMTP server: sending is refused.
    NotConfigured,
}

impl MailPolicy {
    /// The policy for a tenant.
    pub fn of(tenant: &Tenant) -> Self {
        match (tenant.environment, &tenant.settings.smtp) {
            (Environment::Test, _) => Self::Capture,
            (Environment::Live, Some(_)) => Self::Send,
            (Environment::Live, None) => Self::NotConfigured,
        }
    }
}

/// What there is to a staged start of a flow.
#[derive(Clone, Debug)]
pub struct StagedFlow {
    /// The id clients see.
    pub id: String,
    /// At least one; the first is the primary.
    pub contexts: Vec<Context>,
    pub purposes: Vec<String>,
}

/// A staged start of another execution.
#[derive(Clone, Debug)]
pub struct StagedStart {
    pub id: ExecutionId,
    pub flow: Option<StagedFlow>,
    pub definition: Definition,
    pub input: RawJson,
    pub entity: Option<EntityRef>,
    pub depth: u32,
}

/// A staged document: what it was made from and what it is now.
#[derive(Clone, Debug)]
struct Staged {
    /// Version in the store when it was first read, 0 when it was missing.
    base: u64,
    value: RawJson,
}

/// One invocation's view of the tenant.
pub struct Session {
    store: Arc<dyn Store>,
    ids: Arc<dyn IdSource>,
    scope: SessionScope,
    grants: Arc<Grants>,
    entities: BTreeMap<(String, String), Staged>,
    rows: BTreeMap<(Dataset, String), Staged>,
    kv: BTreeMap<(KvScope, String), Option<RawJson>>,
    mails: Vec<OutboxMail>,
    notifications: Vec<Notification>,
    emitted: Vec<Emitted>,
    starts: Vec<StagedStart>,
    staged_bytes: usize,
    /// Versions of the rows this invocation has read.
    seen: BTreeMap<(Dataset, String), u64>,
    /// Versions of the entities this invocation has read, 0 for those that were missing.
    seen_entities: BTreeMap<(String, String), u64>,
    /// A row or an entity changed between this invocation's read of it and its write.
    raced: bool,
}

impl Session {
    /// Whether somebody else's commit came between a read and a write of this invocation: the step is not to blame.
    pub fn raced(&self) -> bool {
        self.raced
    }

    /// An empty session.
    pub fn new(store: Arc<dyn Store>, ids: Arc<dyn IdSource>, scope: SessionScope, grants: Arc<Grants>) -> Self {
        Self {
            store,
            ids,
            scope,
            grants,
            entities: BTreeMap::new(),
            rows: BTreeMap::new(),
            kv: BTreeMap::new(),
            mails: Vec::new(),
            notifications: Vec::new(),
            emitted: Vec::new(),
            starts: Vec::new(),
            staged_bytes: 0,
            seen: BTreeMap::new(),
            seen_entities: BTreeMap::new(),
            raced: false,
        }
    }

    /// Everything staged, ready to be committed, and the executions to start with it.
    pub fn into_effects(self) -> (Effects, Vec<StagedStart>) {
        let plugin = self.scope.plugin;
        let effects = Effects {
            records: Vec::new(),
            entities: self
                .entities
                .into_iter()
                .map(|((schema, id), s)| EntityWrite { schema, id, attributes: s.value, expected: s.base })
                .collect(),
            deleted: Vec::new(),
            seen: Vec::new(),
            untold: Vec::new(),
            erased: Vec::new(),
            data: self
                .rows
                .into_iter()
                .map(|((dataset, id), s)| DataWrite { dataset, id, value: s.value, expected: s.base })
                .collect(),
            mails: self.mails,
            notifications: self.notifications,
            kv: self
                .kv
                .into_iter()
                .map(|((scope, key), value)| KvWrite { plugin: plugin.clone(), scope, key, value })
                .collect(),
            emitted: self.emitted,
            contexts: Vec::new(),
            listings: Vec::new(),
            audits: Vec::new(),
            journal: None,
        };
        (effects, self.starts)
    }

    /// A key that is the same for every attempt of this task, and for no other task.
    fn dedupe(&self, kind: &str, key: &str) -> String {
        match &self.scope.task {
            Some((execution, task)) => format!("{execution}/{task}/{kind}/{key}"),
            // Nothing of it is kept.
            None => format!("try/{kind}/{key}"),
        }
    }

    fn count_bytes(&mut self, bytes: usize) -> Result<(), HostError> {
        self.staged_bytes += bytes;
        if self.staged_bytes > MAX_STAGED_BYTES {
            return Err(HostError::Limit(format!("staged changes exceed {MAX_STAGED_BYTES} bytes")));
        }
        Ok(())
    }
}

/// Checks a text that becomes part of a key in the store.
fn check_key(name: &str, text: &str) -> Result<(), HostError> {
    if text.is_empty() || text.len() > MAX_KEY_BYTES || text.chars().any(char::is_control) {
        return Err(HostError::Invalid(format!(
            "{name} must have 1 to {MAX_KEY_BYTES} bytes and no control characters"
        )));
    }
    Ok(())
}

/// Merges `patch` shallowly into `base`: members replace, null removes.
fn merged(base: &RawJson, patch: &str) -> Result<RawJson, HostError> {
    let patch: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(patch).map_err(|e| HostError::Invalid(format!("patch must be a JSON object: {e}")))?;
    let mut whole: serde_json::Map<String, serde_json::Value> = base.read().unwrap_or_default();
    for (name, value) in patch {
        if value.is_null() {
            whole.remove(&name);
        } else {
            whole.insert(name, value);
        }
    }
    Ok(RawJson::from(serde_json::Value::Object(whole)))
}
