use crate::kit::{ApiError, ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::definition::{DIALECTS, DefinitionBody, ReadDefinition};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{DefinitionView, view_definition};
use stepwright_app::AppError;
use stepwright_engine::{DefinitionId, DefinitionStatus, TenantId};

/// Saves the next version; running executions stay on theirs. With `expected_version`, only if that one stands. With
/// `cancel_running` and a status other than `active`, executions that have not ended are cancelled.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/definitions/{id}", operation_id = "replaceDefinition", tag = "definitions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    request_body = DefinitionBody,
    responses(
        (status = 200, body = DefinitionView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "another version stands, or another API has made it"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, id)): Params<(TenantId, DefinitionId)>,
    body: JsonBody,
) -> ApiResult {
    let read = ReadDefinition::of(&body.value()?)?;
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let (expected, zone_in_trigger) = (read.expected_version, read.zone_in_trigger());
    let cancel_running = read.cancel_running;
    let mut draft = read.checked(app, &access).await?;
    let current = app.definition(&access, id).await?;
    if !DIALECTS.iter().any(|(_, dialect)| *dialect == current.dialect) {
        let owner = current.dialect.as_str();
        return Err(ApiError::App(AppError::Conflict(format!("the definition belongs to the {owner} API"))));
    }
    if expected.is_some_and(|expected| expected != u64::from(current.version)) {
        return Err(ApiError::App(AppError::Conflict(format!("the definition is at version {}", current.version))));
    }
    draft.dialect = current.dialect;
    let definition = app.update_definition(&access, &current, draft).await;
    let definition = definition.map_err(|error| ReadDefinition::rename(error, zone_in_trigger))?;
    if cancel_running && definition.status != DefinitionStatus::Active {
        app.cancel_open(&access, id, "the workflow was deactivated").await?;
    }
    Ok(reply::ok(&view_definition(app, &access, &definition).await?))
}
