//! Entities that flows are about.

use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Commit, Effects, Emitted, Entity, EntityDelete, EntityWrite};
use crate::usecases::Access;
use crate::usecases::entity_changes::{Change, attributes_of};
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
    /// expected version. Otherwise with whether it is new.
    pub(crate) async fn put_entity_of_interest(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
    ) -> AppResult<Option<(Entity, bool)>> {
        let put = Replacing { access, schema, id, attributes, expected };
        self.change_entity(access.tenant_id(), schema, id, &put).await
    }

    /// Deletes an entity that open flows are about, and tells them with the same commit; `false` when there is no such
    /// flow or no such entity.
    pub(crate) async fn delete_entity_of_flows(&self, tenant: TenantId, schema: &str, id: &str) -> AppResult<bool> {
        let deletion = Deleting { tenant, schema, id };
        Ok(self.change_entity(tenant, schema, id, &deletion).await?.is_some())
    }
}

/// New attributes of an entity somebody wants to know of.
struct Replacing<'a> {
    access: &'a Access,
    schema: &'a str,
    id: &'a str,
    attributes: &'a RawJson,
    expected: Option<u64>,
}

impl Change for Replacing<'_> {
    type Made = (Entity, bool);

    async fn make(&self, app: &App, current: Option<Entity>) -> AppResult<Option<(Commit, Self::Made)>> {
        let (tenant, view) = (self.access.tenant_id(), &self.access.view);
        let has_flows = app.has_open_flow(tenant, self.schema, self.id).await?;
        let version = current.as_ref().map_or(0, |entity| entity.version);
        let is_expected = self.expected.is_none_or(|expected| expected == version);
        if !is_expected || (!has_flows && !app.wants_events_of(view, self.schema)) {
            return Ok(None);
        }
        let before = current.as_ref().map(attributes_of);
        let (schema, id, attributes) = (self.schema.to_owned(), self.id.to_owned(), self.attributes.clone());
        let write = EntityWrite { schema, id, attributes, expected: version };
        let told = match has_flows {
            true => app.change_event(Emitted::NOBODY, &write, before.as_ref())?,
            false => None,
        };
        let events = app.wanted_entity_events(view, &write, before.as_ref());
        let events = events.into_iter().map(|event| app.emitted(event, Emitted::NOBODY, 0));
        let now = app.now();
        let entity = Entity {
            schema: write.schema.clone(),
            id: write.id.clone(),
            version: version + 1,
            attributes: write.attributes.clone(),
            created_at: current.as_ref().map_or(now, |entity| entity.created_at),
            updated_at: now,
        };
        let effects = Effects {
            emitted: told.into_iter().chain(events).collect(),
            untold: (!has_flows).then(|| write.entity()).into_iter().collect(),
            entities: vec![write],
            ..Effects::default()
        };
        Ok(Some((app.commit_of(tenant, effects), (entity, current.is_none()))))
    }
}

/// The end of an entity that open flows are about.
struct Deleting<'a> {
    tenant: TenantId,
    schema: &'a str,
    id: &'a str,
}

impl Change for Deleting<'_> {
    type Made = ();

    async fn make(&self, app: &App, current: Option<Entity>) -> AppResult<Option<(Commit, ())>> {
        let Some(current) = current else { return Ok(None) };
        if !app.has_open_flow(self.tenant, self.schema, self.id).await? {
            return Ok(None);
        }
        let entity = EntityRef { schema: self.schema.to_owned(), id: self.id.to_owned() };
        let emitted = app.deletion_event(Emitted::NOBODY, entity, &attributes_of(&current))?.into_iter().collect();
        let (schema, id) = (self.schema.to_owned(), self.id.to_owned());
        let delete = EntityDelete { schema, id, expected: current.version };
        let effects = Effects { deleted: vec![delete], emitted, ..Effects::default() };
        Ok(Some((app.commit_of(self.tenant, effects), ())))
    }
}
