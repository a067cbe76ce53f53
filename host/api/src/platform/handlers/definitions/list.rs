use crate::kit::{ApiError, ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{Page, page_of};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::{DefinitionView, view_definitions};
use stepwright_app::Listed;
use stepwright_app::ports::DefinitionFilter;
use stepwright_engine::{Dialect, TenantId};

/// Current versions of all dialects' definitions, newest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/definitions", operation_id = "listDefinitions", tag = "definitions",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("dialect" = Option<String>, Query),
        ("status" = Option<String>, Query, description = "several with commas"),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Page<DefinitionView>), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Read>, Params(t): Params<TenantId>, query: Query) -> ApiResult {
    let page = page_of(&query)?;
    let filter =
        DefinitionFilter { dialect: dialect_of(&query)?, statuses: query.all("status").map(str::to_owned).collect() };
    let access = caller.tenant(t).await?;
    let app = &caller.state().app;
    let listed = app.definitions(&access, &filter, page).await?;
    let views = view_definitions(app, &access, &listed.items).await?;
    let places = listed.items.iter().map(|d| (d.created_at, d.id.uuid()));
    let items = places.zip(views).collect();
    let listed = Listed { items, has_more: listed.has_more };
    Ok(reply::ok(&Page::of(listed, |(place, _)| *place, |(_, view)| view)))
}

/// The dialect to narrow a list to.
///
/// # Errors
/// `Invalid`.
pub fn dialect_of(query: &Query) -> ApiResult<Option<Dialect>> {
    match query.get("dialect") {
        None => Ok(None),
        Some(name) => match Dialect::parse(name) {
            Some(dialect) => Ok(Some(dialect)),
            None => Err(ApiError::invalid("/dialect", "is not one of the dialects")),
        },
    }
}
