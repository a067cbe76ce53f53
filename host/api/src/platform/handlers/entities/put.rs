use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{EntityView, view_entity};
use http::StatusCode;
use stepwright_engine::{RawJson, TenantId};
use utoipa::ToSchema;

/// An entity's attributes.
#[derive(ToSchema)]
struct EntityBody {
    #[schema(value_type = Object)]
    attributes: RawJson,
    /// The version that must stand; 0: it must be new.
    expected_version: Option<u64>,
}

/// Makes an entity or replaces its attributes.
#[utoipa::path(
    put, path = "/platform/v1/tenants/{t}/entities/{schema}/{id}", operation_id = "putEntity", tag = "entities",
    params(
        ("t" = String, Path, description = "tenant id"),
        ("schema" = String, Path, description = "such as contact"),
        ("id" = String, Path),
    ),
    request_body = EntityBody,
    responses(
        (status = 200, body = EntityView),
        (status = 201, body = EntityView, description = "it is new"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "another version stands"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(
    caller: Caller<Write>,
    Params((t, schema, id)): Params<(TenantId, String, String)>,
    body: JsonBody,
) -> ApiResult {
    let body = body.read(|f| {
        if f.get("attributes").is_none() {
            f.fault("attributes", "is required");
        }
        EntityBody {
            attributes: f.raw_object("attributes"),
            expected_version: f.opt_u64("expected_version", i64::MAX as u64),
        }
    })?;
    let access = caller.tenant(t).await?;
    let EntityBody { attributes, expected_version } = body;
    let (entity, new) = caller.state().app.put_entity(&access, &schema, &id, attributes, expected_version).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::json(status, &view_entity(entity)))
}
