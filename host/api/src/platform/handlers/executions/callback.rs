use crate::kit::{ApiError, ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::ExecutionDetail;
use stepwright_app::AppError;
use stepwright_engine::{Command, ExecutionId, RawJson, TenantId, TransitionError};

/// Calls back a waiting step; the body, any JSON, is handed to it.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/executions/{id}/callbacks/{resume_key}", operation_id = "callbackExecution",
    tag = "executions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("id" = String, Path),
        ("resume_key" = String, Path, description = "what the step waits with"),
    ),
    request_body = Option<Object>,
    responses(
        (status = 200, body = ExecutionDetail),
        (status = 404, body = Problem, description = "nothing waits with this key"),
        (status = 409, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id, resume_key)): Params<(TenantId, ExecutionId, String)>,
    body: JsonBody,
) -> ApiResult {
    let data = if body.is_empty() { RawJson::empty_object() } else { RawJson::from(body.value()?) };
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    match app.command(&access, id, Command::ResumeTask { resume_key, data }).await {
        Ok(view) => Ok(reply::ok(&ExecutionDetail::of(app, &view))),
        Err(AppError::Transition(TransitionError::UnknownResumeKey)) => {
            Err(ApiError::App(AppError::NotFound("callback")))
        }
        Err(error) => Err(error.into()),
    }
}
