//! Other closing reasons for a definition.

use crate::epilot::auth::{DefinitionEdit, Member};
use crate::epilot::error;
use crate::epilot::translate::reason_ids;
use crate::epilot::wire::{ErrorBody, ReasonIds};
use crate::kit::{ApiResult, JsonBody, Params};
use axum::response::IntoResponse as _;
use http::StatusCode;
use stepwright_app::AppError;
use stepwright_app::usecases::TemplateDraft;

/// Sets the reasons a definition offers, out of the catalogue.
#[utoipa::path(
    patch, path = "/v1/workflows/definitions/{definitionId}/closing-reasons",
    operation_id = "setWorkflowClosingReasons", tag = "definitions",
    params(("definitionId" = String, Path)),
    request_body = ReasonIds,
    responses((status = 201), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)),
)]
pub async fn handle(member: Member<DefinitionEdit>, Params(id): Params<String>, body: JsonBody) -> ApiResult {
    let reasons = reason_ids(&body.value()?)?;
    let access = member.access().await?;
    let saved = member.app().change_template(&access, &id, None, |current| {
        let mut draft = TemplateDraft::from(current.clone());
        draft.template.closing_reasons.clone_from(&reasons);
        draft
    });
    error::template(saved.await.map_err(in_own_words), &id)?;
    Ok(StatusCode::CREATED.into_response())
}

fn in_own_words(error: AppError) -> AppError {
    match error {
        AppError::Invalid(mut faults) => {
            for fault in &mut faults {
                fault.pointer = fault.pointer.replace("/closing_reasons/", "/reasons/");
            }
            AppError::Invalid(faults)
        }
        other => other,
    }
}
