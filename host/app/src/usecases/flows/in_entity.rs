//! What entities show of the flows about them (source: contracts/epilot.md "Entity sync").

use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Entity, Listed};
use crate::usecases::Access;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use stepwright_engine::flow::WorkflowInEntity;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{ExecutionId, RawJson, TenantId, Timestamp};

/// The attribute that holds them. It is made when an entity is read, so that a flow that moves on does not change its
/// entities, and left aside when one is written.
const WORKFLOWS: &str = "workflows";

/// Flows that one entity shows at most, and each of many: started ones before others, then the newest.
const MOST_SHOWN: u32 = 100;
const MOST_SHOWN_IN_LISTS: u32 = 10;

impl App {
    /// One entity, with the flows about it as its attribute `workflows`: lists by the template's id, newest first, and
    /// `primary`, the newest one that has not ended, or else the newest. An entity without flows has no such attribute,
    /// or its own.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn entity_with_flows(&self, access: &Access, schema: &str, id: &str) -> AppResult<Entity> {
        let entity = self.entity(access, schema, id).await?;
        let shown = self.with_flows(access.tenant_id(), vec![entity], MOST_SHOWN).await?;
        shown.into_iter().next().ok_or(AppError::NotFound("entity"))
    }

    /// Entities of a schema in the order of ids, behind `after`, each with the flows about it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn entities_with_flows(
        &self,
        access: &Access,
        schema: &str,
        after: Option<&str>,
        limit: u32,
    ) -> AppResult<Listed<Entity>> {
        let Listed { items, has_more } = self.entities(access, schema, after, limit).await?;
        let items = self.with_flows(access.tenant_id(), items, MOST_SHOWN_IN_LISTS).await?;
        Ok(Listed { items, has_more })
    }

    async fn with_flows(&self, tenant: TenantId, entities: Vec<Entity>, most: u32) -> AppResult<Vec<Entity>> {
        let reference = |entity: &Entity| EntityRef { schema: entity.schema.clone(), id: entity.id.clone() };
        let wanted: Vec<EntityRef> = entities.iter().map(reference).collect();
        let mut found: HashMap<(String, String), Vec<Shown>> = HashMap::new();
        for (entity, execution) in self.store().flows_of_each(tenant, &wanted, most).await? {
            let flow = execution.flow.as_deref().filter(|flow| flow.deleted_at.is_none());
            let shown = found.entry((entity.schema, entity.id)).or_default();
            shown.extend(flow.map(|flow| ((execution.created_at, execution.id), flow.in_entity())));
        }
        let with = |entity: Entity| {
            let shown = found.remove(&(entity.schema.clone(), entity.id.clone())).unwrap_or_default();
            let Some(workflows) = workflows(shown) else { return entity };
            let mut attributes: Map<String, Value> = entity.attributes.read().unwrap_or_default();
            attributes.insert(WORKFLOWS.into(), workflows);
            Entity { attributes: RawJson::from(Value::Object(attributes)), ..entity }
        };
        Ok(entities.into_iter().map(with).collect())
    }

    /// Attributes to write, without what was only shown.
    pub(crate) async fn without_flows(
        &self,
        tenant: TenantId,
        schema: &str,
        id: &str,
        attributes: RawJson,
    ) -> AppResult<RawJson> {
        if !attributes.as_str().contains(WORKFLOWS) {
            return Ok(attributes);
        }
        let Ok(mut members) = attributes.read::<Map<String, Value>>() else { return Ok(attributes) };
        let has_flows = !self.store().flows_of(tenant, Some(schema), id, 1).await?.is_empty();
        if has_flows && members.remove(WORKFLOWS).is_some() {
            return Ok(RawJson::from(Value::Object(members)));
        }
        Ok(attributes)
    }
}

/// A flow and when it was started; the id breaks ties.
type Shown = ((Timestamp, ExecutionId), WorkflowInEntity);

/// Of flows in the order in which they matter.
fn workflows(mut shown: Vec<Shown>) -> Option<Value> {
    let mut workflows = Map::from_iter([("primary".to_owned(), json!(shown.first()?.1))]);
    shown.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
    for (_, flow) in &shown {
        let of_template = workflows.entry(flow.definition_id.clone()).or_insert_with(|| json!([]));
        if let Value::Array(list) = of_template {
            list.push(json!(flow));
        }
    }
    Some(Value::Object(workflows))
}
