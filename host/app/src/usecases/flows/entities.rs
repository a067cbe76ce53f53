//! Entities that flows are about.

use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Commit, Effects, Emitted, Entity, EntityWrite, UsageDelta};
use crate::ports::CommitError;
use crate::usecases::Access;
use stepwright_engine::flow::{Context, Entities};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{RawJson, TenantId};

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

    /// Writes an entity that somebody wants to know of, flows about it or definitions and endpoints that wait for such
    /// events, and tells them with the same commit. `None` when there is nobody, or the entity does not stand at the
    /// expected version.
    pub(crate) async fn put_entity_of_interest(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
    ) -> AppResult<Option<(Entity, bool)>> {
        let tenant = access.tenant_id();
        let flow = self.store().open_flows_of(tenant, schema, id, None, 1).await?.first().copied();
        if flow.is_none() && !self.wants_events_of(&access.view, schema) {
            return Ok(None);
        }
        for _ in 0..MAX_TRIES {
            let current = self.store().entity(tenant, schema, id).await?;
            let version = current.as_ref().map_or(0, |entity| entity.version);
            if expected.is_some_and(|expected| expected != version) {
                return Ok(None);
            }
            let write = EntityWrite {
                schema: schema.to_owned(),
                id: id.to_owned(),
                attributes: attributes.clone(),
                expected: version,
            };
            let mut emitted: Vec<Emitted> =
                self.change_event(tenant, flow.unwrap_or(Emitted::NOBODY), &write).await?.into_iter().collect();
            let events = self.wanted_entity_events(&access.view, &write).await?;
            emitted.extend(events.into_iter().map(|event| self.emitted(event, Emitted::NOBODY, 0)));
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
                    let (schema, id) = (schema.to_owned(), id.to_owned());
                    let created_at = current.as_ref().map_or(now, |entity| entity.created_at);
                    let (version, attributes) = (version + 1, attributes.clone());
                    let entity = Entity { schema, id, version, attributes, created_at, updated_at: now };
                    return Ok(Some((entity, current.is_none())));
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
