//! Workflows, newest first.

use crate::kit::{ApiResult, Caller, Query, reply};
use crate::softsolz::auth::WorkflowsView;
use crate::softsolz::page::{self, Wanted};
use crate::softsolz::translate;
use crate::softsolz::wire::{ErrorBody, List, Workflow, WorkflowStatus};
use stepwright_app::Listed;
use stepwright_app::ports::DefinitionFilter;
use stepwright_engine::Dialect;

/// Lists workflows, newest first.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/workflows", operation_id = "listWorkflows", tag = "workflows",
    params(
        ("limit" = Option<u32>, Query, description = "entries of a page, default 50, at most 100"),
        ("offset" = Option<u64>, Query, description = "entries to leave out, default 0"),
        ("status" = Option<WorkflowStatus>, Query, description = "only workflows of this status"),
    ),
    responses((status = 200, body = List<Workflow>), (status = 400, body = ErrorBody)),
)]
pub async fn handle(caller: Caller<WorkflowsView>, query: Query) -> ApiResult {
    let Wanted { paging, status } = page::wanted::<WorkflowStatus>(&query)?;
    let access = caller.own_tenant().await?;
    let app = &caller.state().app;
    let filter = DefinitionFilter {
        dialect: Some(Dialect::Softsolz),
        statuses: status.map(translate::core_definition_statuses).unwrap_or_default(),
    };
    let Listed { items, has_more } = app.definitions(&access, &filter, paging).await?;
    let ids: Vec<_> = items.iter().map(|definition| definition.id).collect();
    let schedules = app.schedule_states(&access, &ids).await?;
    let workflows = items.iter().zip(schedules).map(|(definition, schedule)| translate::workflow(definition, schedule));
    Ok(reply::ok(&page::list(paging, Listed { items: workflows.collect(), has_more })))
}
