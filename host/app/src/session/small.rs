//! Key-value memory, starting flows, emitting events.

use super::{HostError, MAX_CHAIN_DEPTH, Session, StagedStart, check_key};
use crate::model::{Emitted, KvScope};
use crate::usecases::{flow_execution_id, fresh_flow_id};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{DefinitionId, DefinitionStatus, Dialect, EmittedEventId, ExecutionId, RawJson};

const MAX_VALUE_BYTES: usize = 64 << 10;
const MAX_STARTS: usize = 20;
const MAX_EVENTS: usize = 100;

/// Which of the two scopes the guest names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvScopeName {
    Execution,
    Definition,
}

impl Session {
    fn kv_scope(&self, scope: KvScopeName) -> Result<KvScope, HostError> {
        if !self.grants.kv {
            return Err(HostError::Denied("kv".into()));
        }
        let none = || HostError::Unavailable("there is no execution to keep it for".into());
        match scope {
            KvScopeName::Execution => self.scope.task.as_ref().map(|(e, _)| KvScope::Execution(*e)).ok_or_else(none),
            KvScopeName::Definition => self.scope.definition.map(KvScope::Definition).ok_or_else(none),
        }
    }

    /// The value kept under `key`.
    ///
    /// # Errors
    /// `Denied` without the grant.
    pub async fn kv_get(&mut self, scope: KvScopeName, key: &str) -> Result<Option<RawJson>, HostError> {
        let scope = self.kv_scope(scope)?;
        if let Some(staged) = self.kv.get(&(scope, key.to_owned())) {
            return Ok(staged.clone());
        }
        Ok(self.store.kv(self.scope.tenant_id, &self.scope.plugin, scope, key).await?)
    }

    /// Stages a value; `None` removes it.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`, `Limit`.
    pub fn kv_put(&mut self, scope: KvScopeName, key: &str, value: Option<String>) -> Result<(), HostError> {
        let scope = self.kv_scope(scope)?;
        check_key("key", key)?;
        let value = match value {
            None => None,
            Some(text) if text.len() > MAX_VALUE_BYTES => {
                return Err(HostError::Limit(format!("a value has at most {MAX_VALUE_BYTES} bytes")));
            }
            Some(text) => {
                Some(RawJson::parse_text(text).map_err(|e| HostError::Invalid(format!("value must be JSON: {e}")))?)
            }
        };
        self.count_bytes(key.len() + value.as_ref().map_or(0, |v| v.as_str().len()))?;
        self.kv.insert((scope, key.to_owned()), value);
        Ok(())
    }

    /// Stages the start of a definition of this tenant.
    ///
    /// # Errors
    /// `Denied` without the grant, `NotFound`, `Invalid` when it is not active or has no steps of its own, `Limit` for
    /// deep chains.
    pub async fn flow_start(
        &mut self,
        definition: &str,
        input: String,
        entity: Option<EntityRef>,
    ) -> Result<ExecutionId, HostError> {
        if !self.grants.flow {
            return Err(HostError::Denied("flow".into()));
        }
        let depth = self.scope.depth + 1;
        if depth > MAX_CHAIN_DEPTH {
            return Err(HostError::Limit(format!("at most {MAX_CHAIN_DEPTH} executions may start each other")));
        }
        if self.starts.len() >= MAX_STARTS {
            return Err(HostError::Limit(format!("at most {MAX_STARTS} starts in one call")));
        }
        let id: DefinitionId = definition.parse().map_err(|_| HostError::NotFound)?;
        let definition = self.store.definition(self.scope.tenant_id, id).await?.ok_or(HostError::NotFound)?;
        if definition.status != DefinitionStatus::Active {
            return Err(HostError::Invalid(format!("the definition is {}", definition.status.as_str())));
        }
        if definition.graph.nodes.is_empty() {
            let owner = definition.dialect.as_str();
            return Err(HostError::Invalid(format!("the definition is started through the {owner} API only")));
        }
        let input = RawJson::parse_text(input).map_err(|e| HostError::Invalid(format!("input must be JSON: {e}")))?;
        self.count_bytes(input.as_str().len())?;
        let mut flow = None;
        if definition.dialect == Dialect::Epilot {
            let about = entity.as_ref().ok_or_else(|| HostError::Invalid("a flow needs an entity".into()))?;
            let key = (about.schema.clone(), about.id.clone());
            let exists = self.entities.contains_key(&key)
                || self.store.entity(self.scope.tenant_id, &about.schema, &about.id).await?.is_some();
            if !exists {
                return Err(HostError::Invalid(format!("entity {}/{} does not exist", about.schema, about.id)));
            }
            flow = Some(fresh_flow_id(&*self.ids));
        }
        let id = match &flow {
            Some(flow) => flow_execution_id(self.scope.tenant_id, flow),
            None => ExecutionId::fresh(&*self.ids),
        };
        self.starts.push(StagedStart { id, flow, definition, input, entity, depth });
        Ok(id)
    }

    /// Stages an event.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`, `Limit`.
    pub fn emit(&mut self, kind: &str, data: String) -> Result<(), HostError> {
        if !self.grants.events {
            return Err(HostError::Denied("events".into()));
        }
        let well_formed = !kind.is_empty()
            && kind.len() <= 100
            && kind.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            });
        if !well_formed {
            return Err(HostError::Invalid(format!("'{kind}' is not dotted lower case")));
        }
        if self.emitted.len() >= MAX_EVENTS {
            return Err(HostError::Limit(format!("at most {MAX_EVENTS} events in one call")));
        }
        let data = RawJson::parse_text(data).map_err(|e| HostError::Invalid(format!("data must be JSON: {e}")))?;
        self.count_bytes(data.as_str().len())?;
        let Some((source, _)) = &self.scope.task else {
            // Tried out: nothing is kept, so there is nothing to stage.
            return Ok(());
        };
        let id = EmittedEventId::fresh(&*self.ids);
        self.emitted.push(Emitted { id, kind: kind.into(), data, source: *source, depth: self.scope.depth });
        Ok(())
    }
}
