//! A new definition.

use crate::epilot::auth::{DefinitionCreate, Member};
use crate::epilot::translate::{definition, workflow_definition};
use crate::epilot::wire::{ErrorBody, WorkflowDefinition};
use crate::kit::{ApiResult, JsonBody, reply};

/// Creates a definition. Sections and steps without an id get one.
#[utoipa::path(
    post, path = "/v1/workflows/definitions", operation_id = "createDefinition", tag = "definitions",
    request_body = WorkflowDefinition,
    responses((status = 201, body = WorkflowDefinition), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionCreate>, body: JsonBody) -> ApiResult {
    let app = member.app();
    let sent = definition(&body.value()?, &mut || app.short_id())?;
    let access = member.access().await?;
    let made = app.create_template(&access, sent.draft()).await.map_err(|error| sent.in_own_words(error))?;
    Ok(reply::created(&workflow_definition(&made)))
}
