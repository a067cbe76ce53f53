use super::Refusal;
use crate::bindings::{entities, types};
use crate::state::State;
use stepwright_app::Entity;

impl entities::Host for State {
    async fn get(&mut self, schema: String, id: String) -> Result<types::Entity, Refusal> {
        Ok(to_wit(self.enter()?.entity_get(&schema, &id).await?))
    }

    async fn list(&mut self, schema: String, limit: u32, cursor: Option<String>) -> Result<entities::Page, Refusal> {
        let (items, next_cursor) = self.enter()?.entity_list(&schema, limit, cursor.as_deref()).await?;
        Ok(entities::Page { items: items.into_iter().map(to_wit).collect(), next_cursor })
    }

    async fn put(
        &mut self,
        schema: String,
        id: String,
        patch: String,
        expected_version: Option<u64>,
    ) -> Result<u64, Refusal> {
        Ok(self.enter()?.entity_put(&schema, &id, &patch, expected_version).await?)
    }
}

fn to_wit(entity: Entity) -> types::Entity {
    types::Entity {
        schema: entity.schema,
        id: entity.id,
        version: entity.version,
        attributes: entity.attributes.as_str().to_owned(),
    }
}
