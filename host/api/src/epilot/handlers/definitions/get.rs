//! One definition.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::error;
use crate::epilot::translate::workflow_definition;
use crate::epilot::wire::{ErrorBody, WorkflowDefinition};
use crate::kit::{ApiResult, Params, reply};

/// Shows a definition, also one that was made as a flow template.
#[utoipa::path(
    get, path = "/v1/workflows/definitions/{definitionId}", operation_id = "getDefinition", tag = "definitions",
    params(("definitionId" = String, Path)),
    responses((status = 200, body = WorkflowDefinition), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionView>, Params(id): Params<String>) -> ApiResult {
    let access = member.access().await?;
    let found = error::template(member.app().template(&access, &id).await, &id)?;
    Ok(reply::ok(&workflow_definition(&found)))
}
