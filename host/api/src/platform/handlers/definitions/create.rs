use crate::kit::{ApiResult, Caller, IdempotencyHeader, JsonBody, Params, once, reply};
use crate::platform::definition::{DefinitionBody, ReadDefinition};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{DefinitionView, view_definition};
use stepwright_engine::{DefinitionId, TenantId};

/// Makes a definition. Every fault is reported at once.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/definitions", operation_id = "createDefinition", tag = "definitions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    request_body = DefinitionBody,
    responses(
        (status = 201, body = DefinitionView),
        (status = 404, body = Problem),
        (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params(t): Params<TenantId>,
    key: IdempotencyHeader,
    body: JsonBody,
) -> ApiResult {
    let read = ReadDefinition::of(&body.value()?)?;
    let access = caller.tenant(t).await?;
    let app = caller.state().app.clone();
    let zone_in_trigger = read.zone_in_trigger();
    let draft = read.checked(&app, &access).await?;
    let operation_access = access.clone();
    once(caller.state(), &caller.request, &access, key, body.bytes(), move |seed| async move {
        let id = seed.map(|seed| DefinitionId::from_uuid(seed.uuid("definition")));
        let definition = app.create_definition(&operation_access, draft, id).await;
        let definition = definition.map_err(|error| ReadDefinition::rename(error, zone_in_trigger))?;
        Ok(reply::created(&view_definition(&app, &operation_access, &definition).await?))
    })
    .await
}
