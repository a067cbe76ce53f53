//! An execution by hand.

use crate::kit::{ApiError, ApiResult, Caller, IdempotencyHeader, JsonBody, once, reply};
use crate::smartmca::auth::Trigger;
use crate::smartmca::error::NO_WORKFLOW;
use crate::smartmca::wire::{ErrorBody, TriggerBody, Triggered};
use crate::smartmca::{ids, translate};
use http::StatusCode;
use stepwright_app::{AppError, FieldFault};
use stepwright_engine::Dialect;

/// Triggers a workflow on an entity and answers at once.
///
/// 404 when the workflow or the entity is unknown, 409 when the workflow is not active, or is a singleton that runs on
/// this entity already.
#[utoipa::path(
    post, path = "/api/public/v1/workflows/trigger", operation_id = "triggerWorkflow", tag = "workflows",
    params(("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer")),
    request_body = TriggerBody,
    responses(
        (status = 202, body = Triggered),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody),
        (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(caller: Caller<Trigger>, key: IdempotencyHeader, body: JsonBody) -> ApiResult {
    let translate::Trigger { workflow, entity } = translate::trigger(&body.value()?)?;
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    once(caller.state(), &caller.request, &access.clone(), key, body.bytes(), move |seed| async move {
        let id = ids::workflow(&workflow).ok_or(NO_WORKFLOW)?;
        let derive_id = seed.map(|seed| seed.parts("execution"));
        match app.start_on_entity(&access, id, entity.clone(), Dialect::Smartmca, derive_id).await {
            Ok(started) => Ok(reply::json(StatusCode::ACCEPTED, &translate::triggered(&started.view, entity))),
            Err(AppError::Invalid(faults)) => Err(ApiError::Invalid(faults.into_iter().map(in_own_words).collect())),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

fn in_own_words(fault: FieldFault) -> FieldFault {
    match fault.pointer.as_str() {
        "/entity/schema" => FieldFault { pointer: "/entityType".into(), ..fault },
        "/entity/id" => FieldFault { pointer: "/entityId".into(), ..fault },
        _ => fault,
    }
}
