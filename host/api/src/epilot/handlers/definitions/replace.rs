//! Other steps for a definition.

use crate::epilot::auth::{DefinitionEdit, Member};
use crate::epilot::error;
use crate::epilot::translate::{definition, workflow_definition};
use crate::epilot::wire::{ErrorBody, WorkflowDefinition};
use crate::kit::{ApiResult, JsonBody, Params, reply};
use stepwright_app::AppError;

/// Replaces a definition; what only flow templates can say (triggers, entity sync) stays.
#[utoipa::path(
    put, path = "/v1/workflows/definitions/{definitionId}", operation_id = "updateDefinition", tag = "definitions",
    params(("definitionId" = String, Path)),
    request_body = WorkflowDefinition,
    responses(
        (status = 200, body = WorkflowDefinition),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody),
    ),
)]
pub async fn handle(member: Member<DefinitionEdit>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let app = member.app();
    let sent = definition(&body.value()?, &mut || app.short_id())?;
    let access = member.access().await?;
    match app.change_template(&access, &id, None, |current| sent.over(current)).await {
        Err(invalid @ AppError::Invalid(_)) => Err(sent.in_own_words(invalid)),
        saved => Ok(reply::ok(&workflow_definition(&error::template(saved, &id)?))),
    }
}
