//! A new workflow.

use super::written;
use crate::kit::{ApiError, ApiResult, Caller, IdempotencyHeader, JsonBody, once, reply};
use crate::softsolz::auth::WorkflowsManage;
use crate::softsolz::translate::{self, Catalog, in_own_words};
use crate::softsolz::wire::{CreateBody, Data, ErrorBody, Workflow};
use stepwright_app::AppError;
use stepwright_engine::DefinitionId;

/// Creates a workflow.
///
/// A refusal lists every fault. `warnings` in the answer tells what is legal but will fail as things stand.
#[utoipa::path(
    post, path = "/api/v1/services/workflows/workflows", operation_id = "createWorkflow", tag = "workflows",
    params(("Idempotency-Key" = Option<String>, Header, description = "a repetition gets the first answer")),
    request_body = CreateBody,
    responses(
        (status = 201, body = Data<Workflow>),
        (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "the idempotency key was used with another body"),
    ),
)]
pub async fn handle(caller: Caller<WorkflowsManage>, key: IdempotencyHeader, body: JsonBody) -> ApiResult {
    let access = caller.own_tenant().await?;
    let app = caller.state().app.clone();
    let draft = {
        let catalog = Catalog::of(&app);
        let (spec, faults) = translate::create(&body.value()?, &catalog)?;
        let draft = spec.draft(&catalog);
        if !faults.is_empty() {
            let found = app.definition_faults(&access, draft).await?;
            return Err(ApiError::Invalid(faults.with_found(found).into_vec()));
        }
        draft
    };
    once(caller.state(), &caller.request, &access.clone(), key, body.bytes(), move |seed| async move {
        let id = seed.map(|seed| DefinitionId::from_uuid(seed.uuid("workflow")));
        match app.create_definition(&access, draft, id).await {
            Ok(definition) => Ok(reply::created(&written(&app, &access, &definition).await?)),
            Err(AppError::Invalid(found)) => Err(ApiError::Invalid(in_own_words(found))),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
