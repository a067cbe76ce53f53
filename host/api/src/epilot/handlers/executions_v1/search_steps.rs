//! Some steps.

use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::translate::{step_extended, step_search};
use crate::epilot::wire::{ErrorBody, SearchSteps, StepsFound};
use crate::kit::{ApiResult, JsonBody, reply};

/// Searches steps of all executions, of running ones only unless the search says otherwise.
#[utoipa::path(
    post, path = "/v1/workflows/executions/steps/search", operation_id = "searchSteps", tag = "executions V1",
    request_body = SearchSteps,
    responses((status = 200, body = StepsFound), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, body: JsonBody) -> ApiResult {
    let search = step_search(&body.value_or_empty()?)?;
    let access = member.access().await?;
    let page = member.app().search_flow_tasks(&access, &search).await?;
    let shown = |(view, id): &(std::sync::Arc<stepwright_app::usecases::FlowView>, stepwright_engine::NodeId)| {
        view.flow.task(id).map(|task| step_extended(&view.flow, task))
    };
    Ok(reply::ok(&StepsFound { hits: page.hits, results: page.tasks.iter().filter_map(shown).collect() }))
}
