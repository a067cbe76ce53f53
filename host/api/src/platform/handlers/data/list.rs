use crate::kit::{ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use stepwright_engine::TenantId;

/// Rows of a dataset in the order of their ids.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/data/{dataset}", operation_id = "listData", tag = "data",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("dataset" = String, Path),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<Object>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params((t, dataset)): Params<(TenantId, String)>, query: Query) -> ApiResult {
    let (limit, after) = (query.limit(DEFAULT_LIMIT, MAX_LIMIT)?, query.text_cursor()?);
    let dataset = super::dataset(&dataset)?;
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.rows(&access, dataset, after.as_deref(), limit).await?;
    Ok(reply::ok(&Page::by_text(listed, |row| &row.id, |row| row.value)))
}
