//! What is read on every call and changes seldom. A host polls the store's change counter and drops the tenants'
//! part when it moves, so a change made on another host is seen within one poll.

use crate::App;
use crate::error::AppResult;
use crate::model::{ApiKey, Enablement, Grants, GuardBinding, SecretHash, Tenant, WebhookEndpoint};
use crate::usecases::{lone_definition, record_definition};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use stepwright_engine::record::WorkflowType;
use stepwright_engine::{Definition, DefinitionId, Execution, TenantId};

/// Entries kept per cache; the whole cache is dropped when it is full, which at this size is seldom.
const CAPACITY: usize = 10_000;

/// What every call of a tenant needs.
#[derive(Clone, Debug)]
pub struct TenantView {
    pub tenant: Tenant,
    /// Enabled plugins, the built-ins included.
    pub enablements: Vec<Arc<EnabledPlugin>>,
    pub endpoints: Vec<WebhookEndpoint>,
    /// The events that active definitions start by; `deal.*` stands for all of a kind.
    pub event_triggers: Vec<String>,
    /// Guards of records, by their type.
    pub guards: Vec<GuardBinding>,
}

/// An enabled plugin with what every call of it shares.
#[derive(Clone, Debug)]
pub struct EnabledPlugin {
    pub enablement: Enablement,
    pub grants: Arc<Grants>,
    /// The values of the granted secrets, by name.
    pub secrets: Arc<BTreeMap<String, String>>,
}

impl EnabledPlugin {
    fn new(enablement: Enablement, tenant: &Tenant) -> Self {
        let values = &tenant.settings.secrets;
        let granted = enablement.grants.secrets.keys();
        let secrets = granted.filter_map(|name| values.get(name).map(|value| (name.clone(), value.clone()))).collect();
        Self { grants: Arc::new(enablement.grants.clone()), secrets: Arc::new(secrets), enablement }
    }
}

/// A map that is filled on demand and never serves what was loaded before the last invalidation.
struct Cache<K, V> {
    entries: Mutex<HashMap<K, V>>,
    generation: AtomicU64,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn new() -> Self {
        Self { entries: Mutex::new(HashMap::new()), generation: AtomicU64::new(0) }
    }

    fn get(&self, key: &K) -> Option<V> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Keeps what was loaded while the cache was at `generation`; what an invalidation has overtaken is not kept.
    fn insert(&self, key: K, value: V, generation: u64) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if self.generation() != generation {
            return;
        }
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(key, value);
    }

    fn clear(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.clear();
    }
}

/// The application's caches.
pub struct Caches {
    tenants: Cache<TenantId, Option<Arc<TenantView>>>,
    keys: Cache<SecretHash, Option<Arc<ApiKey>>>,
    /// Versions are immutable, so these are never invalidated.
    definitions: Cache<(DefinitionId, u32), Arc<Definition>>,
    /// Current versions by id, dropped with the tenants' part and on every save.
    current: Cache<(TenantId, DefinitionId), Arc<Definition>>,
    /// The store's change counter when it was last looked at.
    counter: AtomicI64,
}

impl Caches {
    pub(crate) fn new() -> Self {
        Self {
            tenants: Cache::new(),
            keys: Cache::new(),
            definitions: Cache::new(),
            current: Cache::new(),
            counter: AtomicI64::new(-1),
        }
    }

    /// Whether the counter has moved since the last look.
    pub(crate) fn saw_change(&self, counter: i64) -> bool {
        self.counter.swap(counter, Ordering::AcqRel) != counter
    }

    /// Drops everything that may have changed.
    pub(crate) fn invalidate(&self) {
        self.tenants.clear();
        self.keys.clear();
        self.current.clear();
    }
}

impl App {
    /// The tenant with what calls of it need; `None` when there is no such tenant.
    pub(crate) async fn tenant_view(&self, id: TenantId) -> AppResult<Option<Arc<TenantView>>> {
        let cache = &self.caches().tenants;
        if let Some(hit) = cache.get(&id) {
            return Ok(hit);
        }
        let generation = cache.generation();
        let view = match self.store().tenant(id).await? {
            None => None,
            Some(tenant) => {
                let (given, mut enablements): (Vec<_>, Vec<_>) =
                    self.store().enablements(id).await?.into_iter().partition(|e| e.digest.is_empty());
                let builtins = self.builtins().iter();
                enablements
                    .extend(builtins.map(|b| b.enablement(id, given.iter().find(|given| given.name == b.info.name))));
                let enablements = enablements.into_iter().map(|e| Arc::new(EnabledPlugin::new(e, &tenant))).collect();
                let all = crate::model::Paging::Offset { limit: 1_000, offset: 0 };
                let endpoints = self.store().endpoints(id, all).await?.items;
                let event_triggers = self.store().event_triggers(id).await?;
                let guards = self.store().guards(id).await?;
                Some(Arc::new(TenantView { tenant, enablements, endpoints, event_triggers, guards }))
            }
        };
        cache.insert(id, view.clone(), generation);
        Ok(view)
    }

    /// The key with this hash, whatever its state.
    pub(crate) async fn key_by_hash(&self, hash: SecretHash) -> AppResult<Option<Arc<ApiKey>>> {
        let cache = &self.caches().keys;
        if let Some(hit) = cache.get(&hash) {
            return Ok(hit);
        }
        let generation = cache.generation();
        let key = self.store().key_by_hash(hash).await?.map(Arc::new);
        cache.insert(hash, key.clone(), generation);
        Ok(key)
    }

    /// A version of a definition.
    pub(crate) async fn definition_version(
        &self,
        tenant: TenantId,
        id: DefinitionId,
        version: u32,
    ) -> AppResult<Option<Arc<Definition>>> {
        let cache = &self.caches().definitions;
        if let Some(hit) = cache.get(&(id, version)) {
            return Ok((hit.tenant_id == tenant).then_some(hit));
        }
        let generation = cache.generation();
        let definition = self.store().definition_version(tenant, id, version).await?.map(Arc::new);
        if let Some(definition) = &definition {
            cache.insert((id, version), Arc::clone(definition), generation);
        }
        Ok(definition)
    }

    /// The definition an execution runs; those of records and of steps called by themselves are not stored.
    pub(crate) async fn definition_of(&self, execution: &Execution) -> AppResult<Option<Arc<Definition>>> {
        match (&execution.record, &execution.lone) {
            (Some(record), _) => Ok(Some(Arc::new(record_definition(execution.tenant_id, record.workflow_type)))),
            (None, Some(node)) => Ok(Some(Arc::new(lone_definition(execution.tenant_id, (**node).clone())))),
            (None, None) => {
                let (id, version) = (execution.definition_id, execution.definition_version);
                self.definition_version(execution.tenant_id, id, version).await
            }
        }
    }

    /// The current version of a definition, possibly one poll old when another host changed it.
    pub(crate) async fn current_definition(
        &self,
        tenant: TenantId,
        id: DefinitionId,
    ) -> AppResult<Option<Arc<Definition>>> {
        let cache = &self.caches().current;
        if let Some(hit) = cache.get(&(tenant, id)) {
            return Ok(Some(hit));
        }
        let generation = cache.generation();
        let definition = self.store().definition(tenant, id).await?.map(Arc::new);
        if let Some(definition) = &definition {
            cache.insert((tenant, id), Arc::clone(definition), generation);
        }
        Ok(definition)
    }
}

impl TenantView {
    /// The enabled version of a plugin.
    pub(crate) fn enabled(&self, plugin: &str) -> Option<&Arc<EnabledPlugin>> {
        self.enablements.iter().find(|e| e.enablement.name == plugin)
    }

    /// The guard bound to records of this type.
    pub(crate) fn guard_of(&self, workflow_type: WorkflowType) -> Option<&GuardBinding> {
        self.guards.iter().find(|binding| binding.workflow_type == workflow_type)
    }
}
