//! Workflows that may be triggered, newest first.

use crate::kit::{ApiResult, Caller, Query, reply};
use crate::smartmca::auth::Read;
use crate::smartmca::error::of_query;
use crate::smartmca::wire::{ErrorBody, Meta, TypeList};
use crate::smartmca::{page, translate};
use stepwright_app::usecases::NativeFilter;

/// Lists the active workflows, newest first; all of them unless a page is asked for.
#[utoipa::path(
    get, path = "/api/public/v1/workflows", operation_id = "listWorkflows", tag = "workflows",
    params(
        ("entity_type" = Option<String>, Query, description = "only workflows that run on such entities"),
        ("category" = Option<String>, Query, description = "only workflows of this category"),
        ("page" = Option<u64>, Query, description = "from 1", minimum = 1),
        ("limit" = Option<u64>, Query, description = "entries of a page, at most 100", minimum = 1),
    ),
    responses(
        (status = 200, body = TypeList),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 429, body = ErrorBody),
    ),
)]
pub async fn handle(caller: Caller<Read>, query: Query) -> ApiResult {
    let wanted = of_query(page::optional(&query))?;
    let filter = NativeFilter {
        entity_type: page::either(&query, "entity_type", "entityType").map(str::to_owned),
        category: query.get("category").map(str::to_owned),
    };
    let access = caller.own_tenant().await?;
    let found = caller.state().app.native_definitions(&access, &filter).await?;
    let total = found.len() as u64;
    let wanted = wanted.unwrap_or_else(|| page::everything(total));
    let shown = found.iter().skip(wanted.skipped()).take(wanted.taken()).map(translate::summary).collect();
    Ok(reply::ok(&TypeList { data: shown, total, meta: Meta { pagination: wanted.of(total) } }))
}
