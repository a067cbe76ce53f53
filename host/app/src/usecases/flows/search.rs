//! Lists and searches of flows and their tasks.

use super::{FlowView, MOST_FOUND};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{FlowPlace, FlowSearch, OrderBy, StartKey, TaskSearch};
use crate::usecases::Access;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use stepwright_engine::{Execution, ExecutionId, NodeId, TenantId};

/// Flows on a page of a search.
const PAGE: usize = 25;
/// The farthest a search of tasks goes, and how far hits are counted.
pub const MOST_HITS: u32 = 10_000;

/// A page of flows.
#[derive(Debug)]
pub struct FlowPage {
    pub flows: Vec<FlowView>,
    /// The flow the next page comes behind; none on the last one.
    pub last: Option<StartKey>,
}

/// A page of tasks.
#[derive(Debug)]
pub struct TaskPage {
    /// Tasks on all pages, at most [`MOST_HITS`].
    pub hits: u32,
    /// Each with the flow it belongs to.
    pub tasks: Vec<(Arc<FlowView>, NodeId)>,
}

impl App {
    /// Flows of any status and other APIs' executions, newest first, at most 1000; with a schema, those about an entity
    /// of it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn newest_flows(&self, access: &Access, schema: Option<&str>) -> AppResult<Vec<FlowView>> {
        let tenant = access.tenant_id();
        let flows = self.store().newest_flows(tenant, schema, MOST_FOUND).await?;
        let others = match schema {
            Some(schema) => self.others_of_schema(tenant, schema).await?,
            None => self.newest_others(tenant).await?,
        };
        let mut found: Vec<Execution> = flows.into_iter().chain(others).collect();
        found.sort_by_key(|execution| Reverse(StartKey::of(execution.created_at, execution.id)));
        found.truncate(MOST_FOUND as usize);
        self.flow_views(tenant, found).await
    }

    /// A page of the flows, and of other APIs' executions, that are looked for, behind the one that was started then.
    ///
    /// # Errors
    /// `NotFound("flow")` when the search is ordered by something else than the start and there is no such flow any
    /// more.
    pub async fn search_flows(
        &self,
        access: &Access,
        search: &FlowSearch,
        after: Option<StartKey>,
    ) -> AppResult<FlowPage> {
        let tenant = access.tenant_id();
        let after = match after {
            None => None,
            Some(started) => Some(match (search.order.by, self.place_of(tenant, started).await?) {
                (_, Some(place)) => place,
                (OrderBy::Start, None) => FlowPlace { started, name_key: String::new(), due: None },
                (OrderBy::Name | OrderBy::DueDate, None) => return Err(AppError::NotFound("flow")),
            }),
        };
        let mut found = self.store().search_flows(tenant, search, after.as_ref(), PAGE as u32 + 1).await?;
        found.extend(self.search_others(tenant, search, after.as_ref(), PAGE + 1).await?);
        found.sort_by(|(one, _), (other, _)| one.compare(other, search.order));
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let last = found.last().map(|(place, _)| place.started).filter(|_| more);
        let flows = self.flow_views(tenant, found.into_iter().map(|(_, execution)| execution).collect()).await?;
        Ok(FlowPage { flows, last })
    }

    /// A page of the tasks that are looked for.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn search_flow_tasks(&self, access: &Access, search: &TaskSearch) -> AppResult<TaskPage> {
        let tenant = access.tenant_id();
        let (hits, found) = self.store().search_flow_tasks(tenant, search, MOST_HITS).await?;
        let mut wanted: Vec<ExecutionId> = found.iter().map(|(execution, _)| *execution).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let flows = self.store().executions_by_id(tenant, &wanted).await?;
        let flows = self.flow_views(tenant, flows).await?;
        let flows: HashMap<ExecutionId, Arc<FlowView>> =
            flows.into_iter().map(|view| (view.execution, Arc::new(view))).collect();
        // Between the two looks a task or its flow may have gone.
        let task = |(execution, task): (ExecutionId, NodeId)| {
            let flow = flows.get(&execution)?;
            flow.flow.task(&task).is_some().then(|| (Arc::clone(flow), task))
        };
        Ok(TaskPage { hits, tasks: found.into_iter().filter_map(task).collect() })
    }

    /// These executions as flows, without flows that were deleted.
    pub(super) async fn flow_views(&self, tenant: TenantId, executions: Vec<Execution>) -> AppResult<Vec<FlowView>> {
        let mut flows = Vec::with_capacity(executions.len());
        for execution in executions.into_iter().filter(|e| e.flow.as_ref().is_none_or(|f| f.deleted_at.is_none())) {
            let view = self.view_of(tenant, execution).await?;
            flows.push(match view.execution.flow {
                Some(_) => FlowView::of_view(view)?,
                None => FlowView::of_foreign(view),
            });
        }
        Ok(flows)
    }

    async fn place_of(&self, tenant: TenantId, started: StartKey) -> AppResult<Option<FlowPlace>> {
        match self.store().flow_place(tenant, started).await? {
            Some(place) => Ok(Some(place)),
            None => self.place_of_other(tenant, started).await,
        }
    }
}
