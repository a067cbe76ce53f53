use super::Refusal;
use crate::bindings::data;
use crate::state::State;
use stepwright_app::session::{HostError, RowPatch};
use stepwright_app::{Comparison, Dataset, Filter};

/// Conditions of one query.
const MAX_FILTERS: usize = 50;

impl data::Host for State {
    async fn select(&mut self, query: data::Query) -> Result<data::Page, Refusal> {
        let session = self.enter()?;
        if query.filters.len() > MAX_FILTERS {
            return Err(HostError::Limit(format!("at most {MAX_FILTERS} filters in one query")).into());
        }
        let filters = query.filters.into_iter().map(filter).collect::<Result<Vec<_>, _>>()?;
        let (rows, next_cursor) =
            session.data_select(dataset(&query.dataset)?, &filters, query.limit, query.cursor.as_deref()).await?;
        let row = |row: stepwright_app::DataRow| data::Row {
            id: row.id,
            version: row.version,
            value: row.value.as_str().to_owned(),
        };
        Ok(data::Page { rows: rows.into_iter().map(row).collect(), next_cursor })
    }

    async fn apply(&mut self, writes: Vec<data::Write>) -> Result<(), Refusal> {
        let session = self.enter()?;
        let patch = |write: data::Write| -> Result<RowPatch, HostError> {
            Ok(RowPatch {
                dataset: dataset(&write.dataset)?,
                id: write.id,
                patch: write.patch,
                expected: write.expected_version,
            })
        };
        let patches = writes.into_iter().map(patch).collect::<Result<Vec<_>, _>>()?;
        Ok(session.data_apply(&patches).await?)
    }
}

fn dataset(name: &str) -> Result<Dataset, HostError> {
    Dataset::parse(name).map_err(|e| HostError::Invalid(e.to_string()))
}

fn filter(wit: data::Filter) -> Result<Filter, HostError> {
    let value = serde_json::from_str(&wit.value)
        .map_err(|e| HostError::Invalid(format!("filter on '{}': value must be JSON: {e}", wit.field)))?;
    let comparison = match wit.comparison {
        data::Comparison::Eq => Comparison::Eq,
        data::Comparison::Ne => Comparison::Ne,
        data::Comparison::Lt => Comparison::Lt,
        data::Comparison::Le => Comparison::Le,
        data::Comparison::Gt => Comparison::Gt,
        data::Comparison::Ge => Comparison::Ge,
        data::Comparison::AnyOf => Comparison::AnyOf,
    };
    Ok(Filter { field: wit.field, comparison, value })
}
