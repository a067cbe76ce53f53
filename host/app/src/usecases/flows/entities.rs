//! Entities that flows are about.

use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Commit, Effects, Entity, EntityWrite, UsageDelta};
use crate::ports::CommitError;
use crate::usecases::Access;
use serde_json::Value;
use stepwright_engine::flow::{Context, Entities};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{RawJson, TenantId};

/// The contexts with the names their entities have; a title a client has given stays.
pub(super) fn titled(mut contexts: Vec<Context>, entities: &Entities) -> Vec<Context> {
    for context in contexts.iter_mut().filter(|c| c.title.is_none()) {
        let entity = EntityRef { schema: context.entity_schema.clone(), id: context.entity_id.clone() };
        let title = entities.get(&entity).and_then(|entity| entity.attributes.get("_title"));
        context.title = title.and_then(Value::as_str).map(str::to_owned);
    }
    contexts
}

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

    /// Writes an existing entity that open flows are about, and tells them with the same commit. `None` when there is
    /// no such flow, or the entity does not stand at the expected version.
    pub(crate) async fn put_entity_of_flows(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
    ) -> AppResult<Option<Entity>> {
        let tenant = access.tenant_id();
        let Some(flow) = self.store().open_flows_of(tenant, schema, id, None, 1).await?.first().copied() else {
            return Ok(None);
        };
        for _ in 0..MAX_TRIES {
            let Some(current) = self.store().entity(tenant, schema, id).await? else { return Ok(None) };
            if expected.is_some_and(|expected| expected != current.version) {
                return Ok(None);
            }
            let (schema, id) = (schema.to_owned(), id.to_owned());
            let write = EntityWrite { schema, id, attributes: attributes.clone(), expected: current.version };
            let emitted = self.change_event(tenant, flow, &write).await?.into_iter().collect();
            let now = self.now();
            let commit = Commit {
                tenant_id: tenant,
                at: now,
                preconditions: Vec::new(),
                executions: Vec::new(),
                effects: Effects { entities: vec![write], emitted, ..Effects::default() },
                webhooks: Vec::new(),
                usage: UsageDelta::default(),
            };
            match self.store().commit(commit).await {
                Ok(()) => {
                    let (version, attributes) = (current.version + 1, attributes.clone());
                    return Ok(Some(Entity { version, attributes, updated_at: now, ..current }));
                }
                Err(CommitError::EffectConflict(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error @ (CommitError::Stale(_) | CommitError::Precondition { .. })) => {
                    return Err(AppError::Internal(error.to_string()));
                }
            }
        }
        Err(AppError::Unavailable("the entity keeps changing; try again".into()))
    }
}
