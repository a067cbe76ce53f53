//! What entities show of the flows about them (source: contracts/epilot.md 2B "Entity sync").

use crate::App;
use crate::error::AppResult;
use crate::model::Entity;
use serde_json::{Map, Value, json};
use stepwright_engine::flow::Flow;
use stepwright_engine::{RawJson, TenantId};

/// Flows an entity shows, the newest.
const MOST_SHOWN: u32 = 100;

impl App {
    /// The entity with its `workflows`: by template the flows about it, newest first, and under `primary` the newest
    /// one that is mainly about it, running ones before others. Worked out when somebody looks, so that a flow that
    /// moves on need not write to its entities; without flows the entity is shown as it is stored.
    pub(crate) async fn with_workflows(&self, tenant: TenantId, mut entity: Entity) -> AppResult<Entity> {
        let found = self.store().flows_of(tenant, Some(&entity.schema), &entity.id, MOST_SHOWN).await?;
        let flows: Vec<Box<Flow>> =
            found.into_iter().filter_map(|e| e.flow).filter(|flow| flow.deleted_at.is_none()).collect();
        if flows.is_empty() {
            return Ok(entity);
        }
        let mut attributes: Map<String, Value> = entity.attributes.read().unwrap_or_default();
        attributes.insert("workflows".into(), shown(&flows, &entity));
        entity.attributes = RawJson::from(Value::Object(attributes));
        Ok(entity)
    }
}

fn shown(flows: &[Box<Flow>], entity: &Entity) -> Value {
    let mut shown = json!({});
    for flow in flows {
        let list = &mut shown[&flow.flow_template_id];
        if list.is_null() {
            *list = json!([]);
        }
        if let Some(list) = list.as_array_mut() {
            list.push(json!(flow.in_entity()));
        }
    }
    let about = |flow: &&Box<Flow>| flow.primary().is_some_and(|p| p.schema == entity.schema && p.id == entity.id);
    let running = flows.iter().filter(about).find(|flow| flow.is_started());
    if let Some(primary) = running.or_else(|| flows.iter().find(about)) {
        shown["primary"] = json!(primary.in_entity());
    }
    shown
}
