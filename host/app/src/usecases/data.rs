//! Entities, business data, the outbox and usage.

use super::Access;
use super::entity_changes::MAX_TRIES;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{DataRow, DataWrite, Dataset, Entity, Listed, OutboxMail, Paging};
use crate::ports::{ImportCounts, Put, UsageDay};
use serde_json::Value;
use stepwright_engine::RawJson;

/// Rows in one import.
const MAX_IMPORT: usize = 100_000;
/// Faults told of one import; the rest is counted.
const MAX_FAULTS: usize = 50;

impl App {
    /// Writes an entity; `true` when it is new.
    ///
    /// # Errors
    /// `Invalid`, `Conflict` when the expected version is not the current one.
    pub async fn put_entity(
        &self,
        access: &Access,
        schema: &str,
        id: &str,
        attributes: RawJson,
        expected: Option<u64>,
    ) -> AppResult<(Entity, bool)> {
        for (name, text) in [("/schema", schema), ("/id", id)] {
            if text.is_empty() || text.len() > 200 {
                return Err(AppError::invalid(name, "must have 1 to 200 bytes"));
            }
        }
        let tenant = access.tenant_id();
        let attributes = self.without_flows(tenant, schema, id, attributes).await?;
        for _ in 0..MAX_TRIES {
            if let Some(done) = self.put_entity_of_interest(access, schema, id, &attributes, expected).await? {
                return Ok(done);
            }
            match self.store().put_entity(tenant, schema, id, &attributes, expected, self.now()).await? {
                Put::Done(entity) => {
                    let new = entity.version == 1;
                    return Ok((entity, new));
                }
                Put::Missing => {
                    return Err(AppError::Conflict(match self.store().entity(tenant, schema, id).await? {
                        Some(entity) => format!("the entity is at version {}", entity.version),
                        None => "the entity does not exist".into(),
                    }));
                }
                // One has begun since it was looked for.
                Put::OfFlows => {}
            }
        }
        Err(AppError::Unavailable("the entity keeps changing; try again".into()))
    }

    /// One entity.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn entity(&self, access: &Access, schema: &str, id: &str) -> AppResult<Entity> {
        self.store().entity(access.tenant_id(), schema, id).await?.ok_or(AppError::NotFound("entity"))
    }

    /// Entities of a schema in the order of ids, behind `after`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn entities(
        &self,
        access: &Access,
        schema: &str,
        after: Option<&str>,
        limit: u32,
    ) -> AppResult<Listed<Entity>> {
        Ok(self.store().entities(access.tenant_id(), schema, after, limit).await?)
    }

    /// Deletes an entity.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_entity(&self, access: &Access, schema: &str, id: &str) -> AppResult<()> {
        let tenant = access.tenant_id();
        for _ in 0..MAX_TRIES {
            if self.delete_entity_of_flows(tenant, schema, id).await? {
                return Ok(());
            }
            match self.store().delete_entity(tenant, schema, id).await? {
                Put::Done(()) => return Ok(()),
                Put::Missing => return Err(AppError::NotFound("entity")),
                // One has begun since it was looked for.
                Put::OfFlows => {}
            }
        }
        Err(AppError::Unavailable("the entity keeps changing; try again".into()))
    }

    /// Inserts or replaces rows by id, all or nothing. Rows without an id get one.
    ///
    /// # Errors
    /// `Invalid` with pointers `/<row>/<field>`.
    pub async fn import_rows(&self, access: &Access, dataset: Dataset, rows: Vec<Value>) -> AppResult<ImportCounts> {
        if rows.len() > MAX_IMPORT {
            return Err(AppError::invalid("", format!("at most {MAX_IMPORT} rows in one import")));
        }
        let mut writes = Vec::with_capacity(rows.len());
        let mut faults = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (number, mut row) in rows.into_iter().enumerate() {
            if let Some(object) = row.as_object_mut()
                && object.get("id").is_none_or(Value::is_null)
            {
                object.insert("id".into(), Value::String(self.ids().fresh().to_string()));
            }
            let broken = dataset.check(&row);
            if !broken.is_empty() {
                faults
                    .extend(broken.into_iter().map(|f| FieldFault::new(format!("/{number}{}", f.pointer), f.message)));
                continue;
            }
            let id = row["id"].as_str().unwrap_or_default().to_owned();
            if !seen.insert(id.clone()) {
                faults.push(FieldFault::new(format!("/{number}/id"), format!("'{id}' stands twice in this import")));
                continue;
            }
            writes.push(DataWrite { dataset, id, value: RawJson::from(row), expected: 0 });
        }
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(MAX_FAULTS);
            faults.truncate(MAX_FAULTS);
            if more > 0 {
                faults.push(FieldFault::new("", format!("and {more} more faults")));
            }
            return Err(AppError::Invalid(faults));
        }
        Ok(self.store().import_rows(access.tenant_id(), &writes, self.now()).await?)
    }

    /// Rows of a dataset in the order of ids, behind `after`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rows(
        &self,
        access: &Access,
        dataset: Dataset,
        after: Option<&str>,
        limit: u32,
    ) -> AppResult<Listed<DataRow>> {
        Ok(self.store().data_rows(access.tenant_id(), dataset, &[], after, limit).await?)
    }

    /// Mail of the tenant, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn outbox(&self, access: &Access, page: Paging) -> AppResult<Listed<OutboxMail>> {
        Ok(self.store().mails(access.tenant_id(), page).await?)
    }

    /// Use per day, both ends inclusive (`YYYY-MM-DD`, UTC).
    ///
    /// # Errors
    /// `Invalid` when the dates are none or the wrong way round.
    pub async fn usage(&self, access: &Access, from: &str, to: &str) -> AppResult<Vec<UsageDay>> {
        let date = |pointer: &str, text: &str| {
            text.parse::<chrono::NaiveDate>().map_err(|_| AppError::invalid(pointer, "must be a date (YYYY-MM-DD)"))
        };
        if date("/from", from)? > date("/to", to)? {
            return Err(AppError::invalid("/to", "must not lie before from"));
        }
        Ok(self.store().usage(access.tenant_id(), from, to).await?)
    }
}
