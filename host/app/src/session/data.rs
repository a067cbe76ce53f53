use super::{HostError, Session, Staged, check_key, merged};
use crate::model::{DataRow, Dataset, Filter};
use serde_json::Value;
use stepwright_engine::RawJson;

/// Rows in one page, and writes in one call.
const MAX_ROWS: usize = 500;

/// A change to a row as the guest asks for it.
#[derive(Clone, Debug)]
pub struct RowPatch {
    pub dataset: Dataset,
    pub id: String,
    /// A JSON object.
    pub patch: String,
    pub expected: Option<u64>,
}

impl Session {
    /// A page of rows in the order of ids, and the cursor of the next.
    ///
    /// # Errors
    /// `Denied` without the grant.
    pub async fn data_select(
        &mut self,
        dataset: Dataset,
        filters: &[Filter],
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<DataRow>, Option<String>), HostError> {
        if !self.grants.data.may_read(dataset.as_str()) {
            return Err(HostError::Denied(format!("data.read: {}", dataset.as_str())));
        }
        let limit = limit.clamp(1, MAX_ROWS as u32);
        let stored = self.store.data_rows(self.scope.tenant_id, dataset, filters, cursor, limit).await?;
        let horizon = stored.has_more.then(|| stored.items.last().map(|r| r.id.clone())).flatten();
        let in_page = |id: &str| cursor.is_none_or(|c| id > c) && horizon.as_deref().is_none_or(|h| id <= h);
        self.seen.extend(stored.items.iter().map(|row| ((dataset, row.id.clone()), row.version)));
        // A staged row replaces the stored one, and may meet the filters now or not any more.
        let mut rows: Vec<DataRow> =
            stored.items.into_iter().filter(|r| !self.rows.contains_key(&(dataset, r.id.clone()))).collect();
        for ((d, id), staged) in &self.rows {
            let value: Value = staged.value.to_value();
            if *d == dataset && in_page(id) && filters.iter().all(|f| f.matches(&value)) {
                rows.push(DataRow { id: id.clone(), version: staged.base + 1, value: staged.value.clone() });
            }
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((rows, horizon))
    }

    /// Stages all changes or none.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid` when a row would break its dataset's rules, `Conflict`.
    pub async fn data_apply(&mut self, patches: &[RowPatch]) -> Result<(), HostError> {
        if patches.len() > MAX_ROWS {
            return Err(HostError::Limit(format!("at most {MAX_ROWS} writes in one call")));
        }
        let mut staged: Vec<((Dataset, String), Staged)> = Vec::with_capacity(patches.len());
        for patch in patches {
            let name = patch.dataset.as_str();
            if !self.grants.data.may_write(name) {
                return Err(HostError::Denied(format!("data.write: {name}")));
            }
            check_key("id", &patch.id)?;
            let key = (patch.dataset, patch.id.clone());
            let earlier = staged.iter().rev().find(|(k, _)| *k == key).map(|(_, s)| s).or_else(|| self.rows.get(&key));
            let (base, current, seen) = match earlier {
                Some(s) => (s.base, s.value.clone(), s.base + 1),
                None => match self.store.data_row(self.scope.tenant_id, patch.dataset, &patch.id).await? {
                    Some(row) => (row.version, row.value, row.version),
                    None => (0, RawJson::empty_object(), 0),
                },
            };
            if let Some(expected) = patch.expected
                && expected != seen
            {
                self.raced |= self.seen.get(&key) == Some(&expected);
                return Err(HostError::Conflict(seen));
            }
            let mut value = merged(&current, &patch.patch)?.to_value();
            value["id"] = Value::String(patch.id.clone());
            if let Some(fault) = patch.dataset.check(&value).into_iter().next() {
                return Err(HostError::Invalid(format!("{name} '{}': {} {}", patch.id, fault.pointer, fault.message)));
            }
            let value = RawJson::from(value);
            self.count_bytes(value.as_str().len())?;
            staged.push((key, Staged { base, value }));
        }
        self.rows.extend(staged);
        Ok(())
    }
}
