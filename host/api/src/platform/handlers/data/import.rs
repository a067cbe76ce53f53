use crate::kit::{ApiError, ApiResult, Caller, Params, RawBody, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::rows::{self, Format};
use serde::Serialize;
use stepwright_engine::TenantId;
use utoipa::ToSchema;

/// What an import has done.
#[derive(Serialize, ToSchema)]
struct ImportResult {
    inserted: u64,
    updated: u64,
}

/// Inserts or replaces rows by their `id`, all or nothing: a JSON array, NDJSON, or CSV with a header line.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/data/{dataset}", operation_id = "importData", tag = "data",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("dataset" = String, Path, description = "customers, invoices, recurring_templates, payments, forms,             form_submissions or notifications"),
    ),
    request_body(
        content(
            (Vec<Object> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        ),
    ),
    responses(
        (status = 200, body = ImportResult),
        (status = 404, body = Problem),
        (status = 413, body = Problem),
        (status = 415, body = Problem),
        (status = 422, body = Problem, description = "names row and field"),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, dataset)): Params<(TenantId, String)>,
    body: RawBody,
) -> ApiResult {
    let format = Format::of(&body.media_type())?;
    let bytes = body.read(caller.state().config.limits.import).await?;
    let dataset = super::dataset(&dataset)?;
    let rows = rows::read(format, dataset, bytes).map_err(rows::with_row_numbers)?;
    let access = caller.tenant(t).await?;
    let counts = caller.state().app.import_rows(&access, dataset, rows).await;
    let counts = counts.map_err(|error| rows::with_row_numbers(ApiError::from(error)))?;
    Ok(reply::ok(&ImportResult { inserted: counts.inserted, updated: counts.updated }))
}
