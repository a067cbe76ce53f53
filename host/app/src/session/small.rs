//! Key-value memory, starting flows, emitting events.

use super::{HostError, MAX_CHAIN_DEPTH, Session, StagedFlow, StagedStart, check_key};
use crate::model::{Emitted, KvScope};
use crate::usecases::{flow_execution_id, fresh_flow_id, template_definition_id};
use serde::Deserialize;
use stepwright_engine::flow::Context;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{DefinitionStatus, Dialect, EmittedEventId, ExecutionId, RawJson};

const MAX_VALUE_BYTES: usize = 64 << 10;
const MAX_STARTS: usize = 20;
const MAX_EVENTS: usize = 100;
/// Entities a staged flow may be about.
const MAX_CONTEXTS: usize = 50;

/// What a guest may say of a flow it starts; the rest of the input is left aside.
#[derive(Deserialize)]
struct FlowInput {
    #[serde(default)]
    contexts: Vec<Context>,
    #[serde(default)]
    purposes: Vec<String>,
}

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

    /// Stages the start of a definition of this tenant, named by its id or, when it is a flow template, by the id that
    /// clients of flows know; gives the execution's id, for a flow the one those clients see.
    ///
    /// # Errors
    /// `Denied` without the grant, `NotFound`, `Invalid` when it is not active or needs what is not there, `Limit` for
    /// deep chains.
    pub async fn flow_start(
        &mut self,
        definition: &str,
        input: String,
        entity: Option<EntityRef>,
    ) -> Result<String, HostError> {
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
        let tenant = self.scope.tenant_id;
        let id = definition.parse().unwrap_or_else(|_| template_definition_id(tenant, definition));
        let definition = self.store.definition(tenant, id).await?.ok_or(HostError::NotFound)?;
        if definition.status != DefinitionStatus::Active {
            return Err(HostError::Invalid(format!("the definition is {}", definition.status.as_str())));
        }
        let input = RawJson::parse_text(input).map_err(|e| HostError::Invalid(format!("input must be JSON: {e}")))?;
        self.count_bytes(input.as_str().len())?;
        let (id, shown, flow) = if definition.dialect == Dialect::Epilot {
            let flow = self.staged_flow(&input, entity.as_ref()).await?;
            (flow_execution_id(tenant, &flow.id), flow.id.clone(), Some(flow))
        } else if definition.graph.nodes.is_empty() {
            let owner = definition.dialect.as_str();
            return Err(HostError::Invalid(format!("the definition is started through the {owner} API only")));
        } else {
            let id = ExecutionId::fresh(&*self.ids);
            (id, id.to_string(), None)
        };
        self.starts.push(StagedStart { id, flow, definition, input, entity, depth });
        Ok(shown)
    }

    /// A flow about `entity` and whatever entities the input names besides.
    async fn staged_flow(&self, input: &RawJson, entity: Option<&EntityRef>) -> Result<StagedFlow, HostError> {
        let FlowInput { contexts: more, purposes } =
            input.read().map_err(|e| HostError::Invalid(format!("input of a flow: {e}")))?;
        let of = |entity: &EntityRef| Context {
            entity_id: entity.id.clone(),
            entity_schema: entity.schema.clone(),
            is_primary: true,
        };
        let mut contexts: Vec<Context> = entity.map(of).into_iter().collect();
        for context in more {
            let same = |c: &Context| c.entity_id == context.entity_id && c.entity_schema == context.entity_schema;
            if !contexts.iter().any(same) {
                contexts.push(Context { is_primary: contexts.is_empty(), ..context });
            }
        }
        if contexts.is_empty() {
            return Err(HostError::Invalid("a flow needs an entity".into()));
        }
        if contexts.len() > MAX_CONTEXTS {
            return Err(HostError::Limit(format!("at most {MAX_CONTEXTS} entities in one flow")));
        }
        for Context { entity_schema: schema, entity_id: id, .. } in &contexts {
            check_key("entity_schema", schema)?;
            check_key("entity_id", id)?;
            let staged = self.entities.contains_key(&(schema.clone(), id.clone()));
            if !staged && self.store.entity(self.scope.tenant_id, schema, id).await?.is_none() {
                return Err(HostError::Invalid(format!("entity {schema}/{id} does not exist")));
            }
        }
        Ok(StagedFlow { id: fresh_flow_id(&*self.ids), contexts, purposes })
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
