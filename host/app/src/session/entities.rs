use super::{HostError, Session, Staged, check_key, merged};
use crate::model::Entity;
use stepwright_engine::RawJson;

/// Entities in one page.
const MAX_PAGE: u32 = 100;

impl Session {
    /// The entity as this invocation sees it.
    ///
    /// # Errors
    /// `Denied` without the grant, `NotFound`.
    pub async fn entity_get(&mut self, schema: &str, id: &str) -> Result<Entity, HostError> {
        if !self.grants.entities.may_read(schema) {
            return Err(HostError::Denied(format!("entities.read: {schema}")));
        }
        let stored = self.store.entity(self.scope.tenant_id, schema, id).await?;
        let version = stored.as_ref().map_or(0, |entity| entity.version);
        self.seen_entities.insert((schema.to_owned(), id.to_owned()), version);
        self.overlaid(schema, id, stored).ok_or(HostError::NotFound)
    }

    fn overlaid(&self, schema: &str, id: &str, stored: Option<Entity>) -> Option<Entity> {
        let Some(staged) = self.entities.get(&(schema.to_owned(), id.to_owned())) else { return stored };
        Some(Entity {
            schema: schema.into(),
            id: id.into(),
            version: staged.base + 1,
            attributes: staged.value.clone(),
            created_at: stored.map_or(self.scope.now, |e| e.created_at),
            updated_at: self.scope.now,
        })
    }

    /// A page of a schema's entities in the order of ids, and the cursor of the next.
    ///
    /// # Errors
    /// `Denied` without the grant.
    pub async fn entity_list(
        &mut self,
        schema: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<Entity>, Option<String>), HostError> {
        if !self.grants.entities.may_read(schema) {
            return Err(HostError::Denied(format!("entities.read: {schema}")));
        }
        let limit = limit.clamp(1, MAX_PAGE);
        let stored = self.store.entities(self.scope.tenant_id, schema, cursor, limit).await?;
        let horizon = stored.has_more.then(|| stored.items.last().map(|e| e.id.clone())).flatten();
        self.seen_entities.extend(stored.items.iter().map(|e| ((schema.to_owned(), e.id.clone()), e.version)));
        let mut items: Vec<Entity> = stored
            .items
            .into_iter()
            .filter_map(|e| {
                let id = e.id.clone();
                self.overlaid(schema, &id, Some(e))
            })
            .collect();
        // Entities this call has created, where they fall into the page.
        let created = self.entities.iter().filter(|((s, id), staged)| {
            s == schema
                && staged.base == 0
                && cursor.is_none_or(|c| id.as_str() > c)
                && horizon.as_deref().is_none_or(|h| id.as_str() <= h)
        });
        let ids: Vec<String> = created.map(|((_, id), _)| id.clone()).collect();
        items.extend(ids.iter().filter_map(|id| self.overlaid(schema, id, None)));
        items.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((items, horizon))
    }

    /// Stages a shallow merge; gives the version it will have.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`, `Conflict` when the expected version is not the current one.
    pub async fn entity_put(
        &mut self,
        schema: &str,
        id: &str,
        patch: &str,
        expected: Option<u64>,
    ) -> Result<u64, HostError> {
        if !self.grants.entities.may_write(schema) {
            return Err(HostError::Denied(format!("entities.write: {schema}")));
        }
        check_key("schema", schema)?;
        check_key("id", id)?;
        let key = (schema.to_owned(), id.to_owned());
        let (base, current, seen) = match self.entities.get(&key) {
            Some(staged) => (staged.base, staged.value.clone(), staged.base + 1),
            None => match self.store.entity(self.scope.tenant_id, schema, id).await? {
                Some(entity) => (entity.version, entity.attributes, entity.version),
                None => (0, RawJson::empty_object(), 0),
            },
        };
        if let Some(expected) = expected
            && expected != seen
        {
            self.raced |= self.seen_entities.get(&key) == Some(&expected);
            return Err(HostError::Conflict(seen));
        }
        let value = merged(&current, patch)?;
        self.count_bytes(value.as_str().len())?;
        self.entities.insert(key, Staged { base, value });
        Ok(base + 1)
    }
}
