//! What entities show of the flows about them (source: contracts/epilot.md "Entity sync").

use crate::App;
use crate::error::AppResult;
use crate::model::Entity;
use crate::usecases::Access;
use serde_json::{Map, Value, json};
use stepwright_engine::flow::{StatusName, WorkflowInEntity};
use stepwright_engine::{RawJson, TenantId};

/// The attribute that holds them. It is made when an entity is read, so that a flow that moves on does not change its
/// entities, and left aside when one is written.
const WORKFLOWS: &str = "workflows";

/// Flows shown at most, the newest ones.
const MOST_SHOWN: u32 = 100;

impl App {
    /// One entity, with the flows about it as its attribute `workflows`: lists by the template's id, newest first, and
    /// `primary`, the newest one that has not ended, or else the newest. An entity without flows has no such attribute,
    /// or its own.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn entity_with_flows(&self, access: &Access, schema: &str, id: &str) -> AppResult<Entity> {
        let entity = self.entity(access, schema, id).await?;
        let found = self.store().flows_of(access.tenant_id(), Some(schema), id, MOST_SHOWN).await?;
        let flows = found.iter().filter_map(|execution| execution.flow.as_deref());
        let shown: Vec<WorkflowInEntity> =
            flows.filter(|flow| flow.deleted_at.is_none()).map(|flow| flow.in_entity()).collect();
        let Some(workflows) = workflows(shown) else { return Ok(entity) };
        let mut attributes: Map<String, Value> = entity.attributes.read().unwrap_or_default();
        attributes.insert(WORKFLOWS.into(), workflows);
        Ok(Entity { attributes: RawJson::from(Value::Object(attributes)), ..entity })
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

fn workflows(shown: Vec<WorkflowInEntity>) -> Option<Value> {
    let primary = shown.iter().find(|flow| flow.status == StatusName::Started).or(shown.first())?;
    let mut workflows = Map::from_iter([("primary".to_owned(), json!(primary))]);
    for flow in &shown {
        let of_template = workflows.entry(flow.definition_id.clone()).or_insert_with(|| json!([]));
        if let Value::Array(list) = of_template {
            list.push(json!(flow));
        }
    }
    Some(Value::Object(workflows))
}
