//! One operation a file: permission and arguments, translation, one call of the application, translation.

pub mod advance_stage;
pub mod assign_underwriter;
pub mod change_status;
pub mod get_execution;
pub mod get_workflow;
pub mod list_executions;
pub mod list_workflows;
pub mod trigger_workflow;

use super::error::NO_WORKFLOW;
use super::ids;
use super::translate::{self, Asked};
use crate::kit::{ApiResult, Caller, IdempotencyHeader, JsonBody, Permission, once, reply};
use stepwright_app::usecases::Access;
use stepwright_app::{App, AppError};
use stepwright_engine::Definition;

/// The workflow with this id.
async fn find(app: &App, access: &Access, text: &str) -> ApiResult<Definition> {
    let id = ids::workflow(text).ok_or(NO_WORKFLOW)?;
    match app.definition(access, id).await {
        Ok(definition) if definition.dialect.is_native() => Ok(definition),
        Ok(_) | Err(AppError::NotFound(_)) => Err(NO_WORKFLOW),
        Err(error) => Err(error.into()),
    }
}

/// Changes an application and tells what has become of it.
async fn move_application<P: Permission>(
    caller: Caller<P>,
    id: String,
    key: IdempotencyHeader,
    body: &JsonBody,
    asked: Asked,
) -> ApiResult {
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, body.bytes(), move |seed| async move {
        let Asked { change, reason } = asked;
        let derive_id = seed.map(|seed| seed.parts("application change"));
        let done = app.change_application(&access, &id, &change, reason, derive_id).await?;
        Ok(reply::ok(&translate::changed(&id, &change, &done)))
    })
    .await
}
