//! Native definitions: made through the platform API, triggered on entities by whoever may.

use super::{Access, StartArgs, Started};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Paging, Profile};
use crate::ports::DefinitionFilter;
use serde_json::json;
use std::time::Duration;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Definition, DefinitionId, DefinitionStatus, Dialect, RawJson};

/// Definitions read at once.
const STRIDE: u32 = 500;

/// Narrows the list of native definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NativeFilter {
    pub entity_type: Option<String>,
    pub category: Option<String>,
}

impl App {
    /// Active native definitions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn native_definitions(&self, access: &Access, wanted: &NativeFilter) -> AppResult<Vec<Definition>> {
        let fits = |definition: &Definition| {
            let profile = Profile::of(definition);
            let same = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
            definition.dialect.is_native()
                && same(&wanted.entity_type, &profile.entity_type)
                && same(&wanted.category, &profile.category)
        };
        let filter = DefinitionFilter { dialect: None, statuses: vec![DefinitionStatus::Active.as_str().to_owned()] };
        let mut found = Vec::new();
        let mut offset = 0;
        loop {
            let page = Paging::Offset { limit: STRIDE, offset };
            let listed = self.store().definitions(access.tenant_id(), &filter, page).await?;
            found.extend(listed.items.into_iter().filter(fits));
            if !listed.has_more {
                return Ok(found);
            }
            offset += u64::from(STRIDE);
        }
    }

    /// Queues an execution of a native definition on an entity; `dialect` is the API that asks for it.
    ///
    /// # Errors
    /// `NotFound` for the definition or the entity, `Invalid` at `/entity/schema` when the definition runs on others,
    /// `Conflict` when it is not active, or is a singleton that runs already; `Quota`, `Unavailable`.
    pub async fn start_on_entity(
        &self,
        access: &Access,
        id: DefinitionId,
        entity: EntityRef,
        dialect: Dialect,
        derive_id: Option<Vec<String>>,
    ) -> AppResult<Started> {
        let tenant = access.tenant_id();
        let definition = self.current_definition(tenant, id).await?.filter(|d| d.dialect.is_native());
        let definition = definition.ok_or(AppError::NotFound("definition"))?;
        if let Some(wanted) = Profile::of(&definition).entity_type
            && wanted != entity.schema
        {
            let message = format!("must be '{wanted}', which the workflow runs on");
            return Err(AppError::invalid("/entity/schema", message));
        }
        if self.store().entity(tenant, &entity.schema, &entity.id).await?.is_none() {
            return Err(AppError::NotFound("entity"));
        }
        let input = RawJson::from(json!({ "entityType": entity.schema, "entityId": entity.id }));
        let args = StartArgs {
            input,
            entity: Some(entity),
            derive_id,
            begin: false,
            min_interval: None,
            dialect: Some(dialect),
        };
        self.start(access, id, args, Duration::ZERO).await
    }
}
