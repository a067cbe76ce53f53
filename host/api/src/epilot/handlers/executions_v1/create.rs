//! A new execution.

use super::{bad_request, told};
use crate::epilot::auth::{ExecutionTrigger, Member};
use crate::epilot::translate::{new_execution, workflow_execution};
use crate::epilot::wire::{ErrorBody, NewWorkflowExecution, WorkflowExecution};
use crate::kit::{ApiResult, JsonBody, reply};
use stepwright_app::AppError;
use stepwright_app::usecases::StartFlowArgs;

/// Starts an execution of a definition.
#[utoipa::path(
    post, path = "/v1/workflows/executions", operation_id = "createExecution", tag = "executions V1",
    request_body = NewWorkflowExecution,
    responses((status = 201, body = WorkflowExecution), (status = 400, body = ErrorBody)),
)]
pub async fn handle(member: Member<ExecutionTrigger>, body: JsonBody) -> ApiResult {
    let sent = new_execution(&body.value()?)?;
    let access = member.access().await?;
    let definition = match member.app().template(&access, &sent.workflow_id).await {
        Err(AppError::NotFound(_)) => {
            return Err(bad_request("Invalid workflowId (definition not found)"));
        }
        found => found?,
    };
    let mut args = StartFlowArgs::new(definition.definition.id, sent.contexts);
    args.about_nothing = true;
    args.trigger.kind = sent.trigger;
    args.assigned_to = sent.assigned_to;
    args.purposes = sent.purposes;
    args.configured_reasons = Some(definition.document.template.closing_reasons);
    let started = match member.app().start_flow(&access, args).await {
        // Deleted since it was looked up.
        Err(AppError::NotFound(_)) => {
            return Err(bad_request("Invalid workflowId (definition not found)"));
        }
        started => told(started)?,
    };
    Ok(reply::created(&workflow_execution(&started.flow, access.tenant_id())))
}
