//! All definitions.

use crate::epilot::auth::{DefinitionView, Member};
use crate::epilot::translate::workflow_definition;
use crate::epilot::wire::WorkflowDefinition;
use crate::kit::{ApiResult, reply};
use serde_json::Value;
use stepwright_app::usecases::TemplateFilter;

/// Lists definitions, newest first.
#[utoipa::path(
    get, path = "/v1/workflows/definitions", operation_id = "getDefinitions", tag = "definitions",
    responses((status = 200, body = Vec<WorkflowDefinition>)),
)]
pub async fn handle(member: Member<DefinitionView>) -> ApiResult {
    let access = member.access().await?;
    let found = member.app().templates(&access, &TemplateFilter::default()).await?;
    Ok(reply::ok(&found.iter().map(workflow_definition).collect::<Vec<Value>>()))
}
