use crate::kit::{ApiError, ApiResult, Caller, Params, Query, reply};
use crate::platform::list::{DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::platform::permissions::Read;
use crate::platform::problem::Problem;
use crate::platform::views::EntityAuditView;
use stepwright_engine::TenantId;

/// What has been done to an entity by calls that mean more than its new attributes, oldest first.
#[utoipa::path(
    get, path = "/platform/v1/tenants/{t}/entities/{schema}/{id}/history", operation_id = "getEntityHistory",
    tag = "entities",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("schema" = String, Path),
        ("id" = String, Path),
        ("limit" = Option<u32>, Query, description = "1 to 200"),
        ("cursor" = Option<String>, Query),
    ),
    responses(
        (status = 200, body = Page<EntityAuditView>),
        (status = 404, body = Problem),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Read>,
    Params((t, schema, id)): Params<(TenantId, String, String)>,
    query: Query,
) -> ApiResult {
    let limit = query.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = match query.get("cursor").filter(|c| !c.is_empty()).map(str::parse::<u32>) {
        None => 0,
        Some(Ok(version)) => u64::from(version),
        Some(Err(_)) => return Err(ApiError::invalid("/cursor", "is not a cursor of this list")),
    };
    let access = caller.tenant(t).await?;
    let listed = caller.state().app.entity_audits(&access, &schema, &id, after, limit).await?;
    let next_cursor = listed.items.last().filter(|_| listed.has_more).map(|audit| audit.version.to_string());
    let data = listed.items.into_iter().map(EntityAuditView::from).collect();
    Ok(reply::ok(&Page::<EntityAuditView> { data, next_cursor }))
}
