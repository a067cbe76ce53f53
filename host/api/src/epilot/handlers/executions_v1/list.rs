//! Executions, newest first.

use crate::epilot::auth::{ExecutionRead, Member};
use crate::epilot::translate::slim_execution;
use crate::epilot::wire::{ErrorBody, WorkflowExecution};
use crate::kit::{ApiResult, Query, reply};
use serde_json::Value;

/// Lists executions, newest first, at most 1000: all of them, or those about an entity (`context`), of a schema.
#[utoipa::path(
    get, path = "/v1/workflows/executions", operation_id = "getExecutions", tag = "executions V1",
    params(
        ("context" = Option<String>, Query, description = "An entity's id."),
        ("schema" = Option<String>, Query, description = "An entity's schema."),
    ),
    responses((status = 200, body = Vec<WorkflowExecution>), (status = 401, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionRead>, query: Query) -> ApiResult {
    let access = member.access().await?;
    let sent = |name| query.get(name).filter(|value| !value.is_empty());
    // No entity has such a name, and not every database can be asked for it.
    if [sent("context"), sent("schema")].into_iter().flatten().any(|value| value.contains('\0')) {
        return Ok(reply::ok(&Vec::<Value>::new()));
    }
    let found = match (sent("context"), sent("schema")) {
        (Some(entity), schema) => member.app().search_flows_by_entity(&access, schema, entity).await?,
        (None, schema) => member.app().newest_flows(&access, schema).await?,
    };
    let shown: Vec<Value> = found.iter().map(|view| slim_execution(&view.flow, access.tenant_id())).collect();
    Ok(reply::ok(&shown))
}
