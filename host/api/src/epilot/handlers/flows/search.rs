//! The executions about an entity.

use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::error;
use crate::epilot::translate::{entity_of_search, flow_execution};
use crate::epilot::wire::{ErrorBody, ExecutionsFound, SearchFlowsReq};
use crate::kit::{ApiResult, JsonBody, reply};

/// Finds the executions about an entity, ended ones included, newest first, at most 1000.
#[utoipa::path(
    post, path = "/v2/flows/executions:search", operation_id = "searchFlowExecutions", tag = "executions",
    request_body = SearchFlowsReq,
    responses((status = 200, body = ExecutionsFound), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, body: JsonBody) -> ApiResult {
    let entity = error::request(entity_of_search(&body.value()?))?;
    let access = member.access().await?;
    let found = member.app().search_flows_by_entity(&access, Some(&entity.schema), &entity.id).await;
    let show = |view: &stepwright_app::usecases::FlowView| flow_execution(&view.flow, access.tenant_id());
    Ok(reply::ok(&ExecutionsFound { results: error::execution(found)?.iter().map(show).collect() }))
}
