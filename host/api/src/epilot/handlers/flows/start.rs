//! A new execution.

use crate::epilot::auth::{ExecutionTrigger, Member};
use crate::epilot::error;
use crate::epilot::translate::{Start, flow_execution, start_flow};
use crate::epilot::wire::{ErrorBody, ExecutionView, StartFlowReq};
use crate::kit::{ApiResult, JsonBody, reply};
use stepwright_app::usecases::{StartFlowArgs, template_definition_id};

/// Starts an execution of a flow template.
///
/// The answer shows it after everything that happens at once; automations run afterwards.
#[utoipa::path(
    post, path = "/v2/flows/executions", operation_id = "startFlowExecution", tag = "executions",
    request_body = StartFlowReq,
    responses(
        (status = 201, body = ExecutionView),
        (status = 400, body = ErrorBody, description = "also for templates and entities that do not exist"),
    ),
)]
pub async fn handle(member: Member<ExecutionTrigger>, body: JsonBody) -> ApiResult {
    let Start { template, contexts, trigger, purposes } = error::request(start_flow(&body.value()?))?;
    let access = member.access().await?;
    let template = template_definition_id(access.tenant_id(), &template);
    let args = StartFlowArgs { trigger, purposes, ..StartFlowArgs::new(template, contexts) };
    let started = error::execution(member.app().start_flow(&access, args).await)?;
    Ok(reply::created(&flow_execution(&started.flow, access.tenant_id())))
}
