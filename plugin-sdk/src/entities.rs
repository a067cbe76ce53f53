//! The tenant's entities. Grants: `entities: {read: [schema…], write: [schema…]}`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::types;
use crate::pages::Pages;
use crate::sys::entities as sys;
use crate::{EntityRef, HostError};

/// Entities asked for at once.
const PAGE: u32 = 100;

/// An entity of the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Its schema.
    pub schema: String,
    /// Its id within the schema.
    pub id: String,
    /// One more per change, from 1.
    pub version: u64,
    /// A JSON object.
    pub attributes: Value,
}

impl Entity {
    /// The attributes as a type of yours.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.attributes)
    }

    /// Its name, for outcomes and flows.
    pub fn reference(&self) -> EntityRef {
        EntityRef::new(&self.schema, &self.id)
    }
}

/// The entity, with what this call has staged.
pub fn get(schema: &str, id: &str) -> Result<Entity, HostError> {
    entity(sys::get(schema, id)?)
}

/// As [`get`], `None` when there is no such entity.
pub fn find(schema: &str, id: &str) -> Result<Option<Entity>, HostError> {
    HostError::optional(sys::get(schema, id))?.map(entity).transpose()
}

/// All entities of a schema in the order of their ids; pages are fetched as they are needed.
pub fn list(schema: &str) -> impl Iterator<Item = Result<Entity, HostError>> {
    let schema = schema.to_owned();
    Pages::new(move |cursor| {
        let page = sys::list(&schema, PAGE, cursor)?;
        Ok((page.items, page.next_cursor))
    })
    .map(|item| item.and_then(entity))
}

/// A change of an entity, staged by [`Put::save`].
pub fn put(schema: impl Into<String>, id: impl Into<String>) -> Put {
    Put { schema: schema.into(), id: id.into(), patch: Value::Object(Default::default()), expected: None }
}

/// See [`put`].
#[derive(Debug, Clone)]
#[must_use = "nothing is changed before `save`"]
pub struct Put {
    schema: String,
    id: String,
    patch: Value,
    expected: Option<u64>,
}

impl Put {
    /// Attributes to merge, shallowly; null removes.
    pub fn patch(mut self, patch: Value) -> Self {
        self.patch = patch;
        self
    }

    /// Sets one attribute.
    pub fn set(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(patch) = &mut self.patch {
            patch.insert(attribute.to_owned(), value.into());
        }
        self
    }

    /// Refused with a conflict when the entity has another version.
    pub fn expect_version(mut self, version: u64) -> Self {
        self.expected = Some(version);
        self
    }

    /// Refused with a conflict when there is such an entity.
    pub fn expect_new(self) -> Self {
        self.expect_version(0)
    }

    /// Stages the change and returns the new version. Creates the entity when there is none.
    pub fn save(self) -> Result<u64, HostError> {
        Ok(sys::put(&self.schema, &self.id, &self.patch.to_string(), self.expected)?)
    }
}

/// Stages a typed value's attributes, whatever version the entity has.
pub fn save(schema: &str, id: &str, attributes: &impl Serialize) -> Result<u64, HostError> {
    let patch = serde_json::to_string(attributes).map_err(|error| HostError::not_json(&error))?;
    Ok(sys::put(schema, id, &patch, None)?)
}

fn entity(from: types::Entity) -> Result<Entity, HostError> {
    let attributes = serde_json::from_str(&from.attributes).map_err(|error| HostError::not_json(&error))?;
    Ok(Entity { schema: from.schema, id: from.id, version: from.version, attributes })
}
