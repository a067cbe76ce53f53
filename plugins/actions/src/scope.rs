//! What texts of a config can name.

use std::cell::OnceCell;

use serde_json::Value;
use stepwright_sdk::{Fault, Input, entities, secrets};

use crate::grant::refused;
use crate::path;

/// The first part of a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The entity the automation runs on: its attributes, and `_id` and `_schema`.
    Entity,
    /// The output of an earlier action, by its number from 0.
    Outputs,
    /// The execution's input.
    Input,
    /// What set the execution off.
    Trigger,
    /// A secret of the tenant.
    Secret,
}

/// Looks values up; the entity is read when it is first asked for.
pub struct Scope<'i> {
    input: &'i Input,
    entity: OnceCell<Value>,
}

impl<'i> Scope<'i> {
    pub fn new(input: &'i Input) -> Self {
        Self { input, entity: OnceCell::new() }
    }

    /// The entity the automation runs on, with `_id` and `_schema`.
    pub fn entity(&self) -> Result<&Value, Fault> {
        if let Some(entity) = self.entity.get() {
            return Ok(entity);
        }
        let about = self.input.require_entity()?;
        let found = entities::find(&about.schema, &about.id).map_err(refused)?;
        let found = found.ok_or_else(|| {
            Fault::new("ENTITY_NOT_FOUND", format!("the {} '{}' does not exist any more", about.schema, about.id))
        })?;
        let mut value = found.attributes;
        value["_id"] = about.id.as_str().into();
        value["_schema"] = about.schema.as_str().into();
        Ok(self.entity.get_or_init(|| value))
    }

    /// What a placeholder stands for; null when its path leads nowhere.
    pub fn value(&self, root: Root, path: &[String]) -> Result<Value, Fault> {
        let found = |value: &Value, path: &[String]| path::get(value, path).cloned().unwrap_or_default();
        Ok(match (root, path) {
            (Root::Entity, path) => found(self.entity()?, path),
            (Root::Outputs, [node, path @ ..]) => found(&self.input.output::<Value>(node)?.unwrap_or_default(), path),
            (Root::Outputs, []) => Value::Null,
            (Root::Input, path) => found(&self.input.parse()?, path),
            (Root::Trigger, path) => found(&serde_json::to_value(&self.input.trigger)?, path),
            (Root::Secret, path) => secrets::placeholder(&path.join(".")).map_err(refused)?.into(),
        })
    }
}
