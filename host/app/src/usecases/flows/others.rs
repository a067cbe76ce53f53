//! Other APIs' executions in lists of flows. They have no rows in the lists' tables, so that they pay nothing for lists of
//! an API they were not made with: they are gone through by their titles, along an index of when they were created.

use super::MOST_FOUND;
use crate::App;
use crate::error::AppResult;
use crate::face::{CoreStatus, flow_status};
use crate::model::{FlowPlace, FlowSearch, OrderBy, StartKey, name_key};
use crate::ports::{ExecutionOrder, ExecutionQuery, ExecutionTitle, TitleQuery};
use std::cmp::Ordering;
use stepwright_engine::{Dialect, Execution, ExecutionId, TenantId, Timestamp};
use uuid::Uuid;

/// Titles read at once.
const CHUNK: u32 = 500;
/// How many titles a search goes through: by name, they have to be put in order first, and a part of a name that few
/// have must not be looked for forever.
const MOST_TITLES: usize = 20_000;

impl App {
    /// The newest executions of other APIs.
    pub(super) async fn newest_others(&self, tenant: TenantId) -> AppResult<Vec<Execution>> {
        let query = query(|_| true, false);
        let titles = self.store().titles(tenant, &query, None, MOST_FOUND).await?;
        let ids: Vec<ExecutionId> = titles.iter().map(|title| title.id).collect();
        Ok(self.store().executions_by_id(tenant, &ids).await?)
    }

    /// The newest executions of other APIs that are first and foremost about an entity of a schema.
    pub(super) async fn others_of_schema(&self, tenant: TenantId, schema: &str) -> AppResult<Vec<Execution>> {
        // Flows are among them: those about the schema are newer than what is left out for them.
        let query = ExecutionQuery {
            entity_schema: Some(schema.to_owned()),
            order: ExecutionOrder::Started,
            ..ExecutionQuery::default()
        };
        let found = self.store().execution_page(tenant, &query, 0, MOST_FOUND).await?;
        Ok(found.into_iter().filter(|execution| execution.flow.is_none()).collect())
    }

    /// Executions of other APIs that a search of flows looks for, in its order. Nobody is assigned to them, and they
    /// have no due date.
    pub(super) async fn search_others(
        &self,
        tenant: TenantId,
        search: &FlowSearch,
        after: Option<&FlowPlace>,
        limit: usize,
    ) -> AppResult<Vec<(FlowPlace, Execution)>> {
        if search.user.is_some() {
            return Ok(Vec::new());
        }
        let query = query(|status| search.statuses.contains(&flow_status(status)), search.order.ascending);
        let part = search.name.as_deref().map(name_key);
        let wanted = |found: &Found| {
            after.is_none_or(|after| after.compare(&found.place, search.order) == Ordering::Less)
                && part.as_ref().is_none_or(|part| found.place.name_key.contains(part.as_str()))
        };
        // In the order of names, every title may come first.
        let by_name = search.order.by == OrderBy::Name;
        let passed = after.filter(|after| !by_name && (search.order.by == OrderBy::Start || after.due.is_none()));
        let mut from = passed.map(|after| edge(after.started, query.ascending));
        let mut found: Vec<Found> = Vec::new();
        let mut read = 0;
        while read < MOST_TITLES && (by_name || found.len() < limit) {
            let mut titles = self.store().titles(tenant, &query, from, CHUNK).await?;
            let full = titles.len() == CHUNK as usize;
            if full {
                whole_instants(&mut titles);
            }
            read += titles.len();
            from = titles.last().map(|last| (last.created_at, last.id));
            found.extend(titles.iter().map(Found::of).filter(wanted));
            if !full {
                break;
            }
        }
        found.sort_by(|one, other| one.place.compare(&other.place, search.order));
        found.truncate(limit);
        self.loaded(tenant, found).await
    }

    /// Where the execution of another API that was started then stands.
    pub(super) async fn place_of_other(&self, tenant: TenantId, started: StartKey) -> AppResult<Option<FlowPlace>> {
        let query = query(|_| true, true);
        let titles = self.store().titles(tenant, &query, Some(edge(started, true)), CHUNK).await?;
        Ok(titles.iter().map(|title| Found::of(title).place).find(|place| place.started == started))
    }

    async fn loaded(&self, tenant: TenantId, found: Vec<Found>) -> AppResult<Vec<(FlowPlace, Execution)>> {
        let ids: Vec<ExecutionId> = found.iter().map(|found| found.id).collect();
        let executions = self.store().executions_by_id(tenant, &ids).await?;
        let with_place = |execution: Execution| {
            let place = found.iter().find(|found| found.id == execution.id)?.place.clone();
            Some((place, execution))
        };
        Ok(executions.into_iter().filter_map(with_place).collect())
    }
}

/// An execution with its place among flows.
struct Found {
    id: ExecutionId,
    place: FlowPlace,
}

impl Found {
    fn of(title: &ExecutionTitle) -> Self {
        let started = StartKey::of(title.created_at, title.id);
        Self { id: title.id, place: FlowPlace { started, name_key: name_key(&title.title), due: None } }
    }
}

fn query(wanted: impl Fn(CoreStatus) -> bool, ascending: bool) -> TitleQuery {
    TitleQuery {
        dialects: Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Epilot).collect(),
        statuses: CoreStatus::ALL.into_iter().filter(|status| wanted(*status)).collect(),
        ascending,
    }
}

/// The place before everything that was created in the same microsecond.
fn edge(started: StartKey, ascending: bool) -> (Timestamp, ExecutionId) {
    let id = if ascending { Uuid::nil() } else { Uuid::max() };
    (started.micros(), ExecutionId::from_uuid(id))
}

/// Leaves the last instant to the next chunk: within one, places among flows are ordered in another way than titles.
fn whole_instants(titles: &mut Vec<ExecutionTitle>) {
    if let Some(last) = titles.last().map(|last| last.created_at) {
        let before = titles.iter().take_while(|title| title.created_at != last).count();
        if before > 0 {
            titles.truncate(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_ends_between_instants_where_it_can() {
        let title = |at: i64, id: u128| ExecutionTitle {
            id: ExecutionId::from_uuid(Uuid::from_u128(id)),
            created_at: Timestamp::from_micros(at),
            title: String::new(),
        };
        let mut titles = vec![title(3, 1), title(2, 2), title(2, 3)];
        whole_instants(&mut titles);
        assert_eq!(titles, [title(3, 1)]);
        let mut same = vec![title(2, 2), title(2, 3)];
        whole_instants(&mut same);
        assert_eq!(same.len(), 2);
    }
}
