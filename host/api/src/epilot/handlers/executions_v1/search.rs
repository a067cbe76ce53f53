//! Some executions.

use super::bad_request;
use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::translate::{execution_search, slim_execution};
use crate::epilot::wire::{ErrorBody, ExecutionPage, LastEvaluatedKey, SearchExecutions};
use crate::kit::{ApiResult, JsonBody, reply};
use stepwright_app::AppError;

/// Searches executions: 25 at a time, running ones only unless the search says otherwise.
#[utoipa::path(
    post, path = "/v1/workflows/executions/search", operation_id = "searchExecutions", tag = "executions V1",
    request_body = SearchExecutions,
    responses((status = 200, body = ExecutionPage), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, body: JsonBody) -> ApiResult {
    let body = body.value_or_empty()?;
    let access = member.access().await?;
    let org = access.tenant_id();
    let (search, after) = execution_search(&body, org)?;
    let page = match member.app().search_flows(&access, &search, after).await {
        Err(AppError::NotFound(_)) => {
            let text = "Invalid pagination.creationTime (the execution was deleted; start from the first page)";
            return Err(bad_request(text));
        }
        found => found?,
    };
    Ok(reply::ok(&ExecutionPage {
        executions: page.flows.iter().map(|view| slim_execution(&view.flow, org)).collect(),
        last_evaluated_key: page
            .last
            .map(|last| LastEvaluatedKey { org_id: org.to_string(), creation_time: last.to_string() }),
    }))
}
