//! Entities that flows are about.

use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Commit, Effects, Entity, EntityDelete, EntityWrite, UsageDelta};
use crate::ports::CommitError;
use crate::usecases::Access;
use serde_json::{Map, Value};
use stepwright_engine::flow::{Context, Entities};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{ExecutionId, RawJson, TenantId};

/// How often a write is tried anew because the entity changed under it.
const MAX_TRIES: u32 = 20;

impl App {
    /// The entities of these contexts.
    ///
    /// # Errors
    /// `Invalid` for those that do not exist.
    pub(crate) async fn require_entities(&self, tenant: TenantId, contexts: &[Context]) -> AppResult<Entities> {
        let of = |c: &Context| EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() };
        // No entity has such a name, and not every database can be asked for it.
        let sane = |c: &&Context| !c.entity_id.contains('\0') && !c.entity_schema.contains('\0');
        let entities = self.read_entities(tenant, contexts.iter().filter(sane).map(of)).await?;
        let missing = |(_, c): &(usize, &Context)| entities.get(&of(c)).is_none();
        let faults: Vec<FieldFault> = contexts
            .iter()
            .enumerate()
            .filter(missing)
            .map(|(i, _)| FieldFault::new(format!("/contexts/{i}"), "Invalid entity context (entity not found)"))
            .collect();
        if faults.is_empty() { Ok(entities) } else { Err(AppError::Invalid(faults)) }
    }

    /// Writes an entity that open flows are about, and tells them with the same commit. `None` when there is no such
    /// flow, or the entity does not stand at the expected version.
    pub(crate) async fn put_entity_of_flows(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
    ) -> AppResult<Option<Entity>> {
        let tenant = access.tenant_id();
        let Some(flow) = self.open_flow_about(tenant, schema, id).await? else { return Ok(None) };
        for _ in 0..MAX_TRIES {
            let current = self.store().entity(tenant, schema, id).await?;
            let version = current.as_ref().map_or(0, |entity| entity.version);
            if expected.is_some_and(|expected| expected != version) {
                return Ok(None);
            }
            let entity = EntityRef { schema: schema.to_owned(), id: id.to_owned() };
            let after = attributes.read().unwrap_or_default();
            let emitted = self.change_event(flow, entity, &read(current.as_ref()), &after)?.into_iter().collect();
            let (schema, id) = (schema.to_owned(), id.to_owned());
            let write = EntityWrite { schema, id, attributes: attributes.clone(), expected: version };
            let effects = Effects { entities: vec![write.clone()], emitted, ..Effects::default() };
            let now = self.now();
            if self.commit_effects(tenant, effects).await? {
                return Ok(Some(Entity {
                    schema: write.schema,
                    id: write.id,
                    version: version + 1,
                    attributes: write.attributes,
                    created_at: current.map_or(now, |entity| entity.created_at),
                    updated_at: now,
                }));
            }
        }
        Err(AppError::Unavailable("the entity keeps changing; try again".into()))
    }

    /// Deletes an entity that open flows are about, and tells them with the same commit; `false` when there is no such
    /// flow or no such entity.
    pub(crate) async fn delete_entity_of_flows(&self, tenant: TenantId, schema: &str, id: &str) -> AppResult<bool> {
        let Some(flow) = self.open_flow_about(tenant, schema, id).await? else { return Ok(false) };
        for _ in 0..MAX_TRIES {
            let Some(current) = self.store().entity(tenant, schema, id).await? else { return Ok(false) };
            let entity = EntityRef { schema: schema.to_owned(), id: id.to_owned() };
            let emitted = self.change_event(flow, entity, &read(Some(&current)), &Map::new())?.into_iter().collect();
            let delete = EntityDelete { schema: schema.to_owned(), id: id.to_owned(), expected: current.version };
            let effects = Effects { deleted: vec![delete], emitted, ..Effects::default() };
            if self.commit_effects(tenant, effects).await? {
                return Ok(true);
            }
        }
        Err(AppError::Unavailable("the entity keeps changing; try again".into()))
    }

    async fn open_flow_about(&self, tenant: TenantId, schema: &str, id: &str) -> AppResult<Option<ExecutionId>> {
        Ok(self.store().open_flows_of(tenant, schema, id, None, 1).await?.first().copied())
    }

    /// Commits effects that belong to no execution's transition; `false` when an entity has changed meanwhile.
    async fn commit_effects(&self, tenant: TenantId, effects: Effects) -> AppResult<bool> {
        let commit = Commit {
            tenant_id: tenant,
            at: self.now(),
            preconditions: Vec::new(),
            executions: Vec::new(),
            effects,
            webhooks: Vec::new(),
            usage: UsageDelta::default(),
        };
        match self.store().commit(commit).await {
            Ok(()) => {
                self.driver().hint();
                Ok(true)
            }
            Err(CommitError::EffectConflict(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(error @ (CommitError::Stale(_) | CommitError::Precondition { .. })) => {
                Err(AppError::Internal(error.to_string()))
            }
        }
    }
}

fn read(entity: Option<&Entity>) -> Map<String, Value> {
    entity.and_then(|entity| entity.attributes.read().ok()).unwrap_or_default()
}
