use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{DefinitionView, view_definition};
use stepwright_engine::{DefinitionId, TenantId};

/// A definition's current version.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/definitions/{id}", operation_id = "getDefinition", tag = "definitions",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path)),
    responses((status = 200, body = DefinitionView), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, id)): Params<(TenantId, DefinitionId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let definition = app.definition(&access, id).await?;
    Ok(reply::ok(&view_definition(app, &access, &definition).await?))
}
