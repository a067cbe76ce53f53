//! The step types.

use crate::kit::{ApiResult, Caller, reply};
use crate::softsolz::auth::WorkflowsView;
use crate::softsolz::translate::Catalog;
use crate::softsolz::wire::{CatalogItem, Data};

/// Lists the step types with the JSON Schema of their settings.
#[utoipa::path(
    get, path = "/api/v1/services/workflows/action-catalog", operation_id = "getActionCatalog", tag = "step types",
    responses((status = 200, body = Data<Vec<CatalogItem>>)),
)]
pub async fn handle(caller: Caller<WorkflowsView>) -> ApiResult {
    Ok(reply::ok(&Data { data: Catalog::of(&caller.state().app).items() }))
}
