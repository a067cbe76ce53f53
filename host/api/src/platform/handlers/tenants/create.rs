use crate::kit::{ApiResult, Caller, JsonBody, reply};
use crate::platform::permissions::Operator;
use crate::platform::problem::Problem;
use crate::platform::views::{TenantView, view_tenant};
use utoipa::ToSchema;

/// A tenant to be made.
#[derive(ToSchema)]
struct NewTenant {
    name: String,
    /// 1 to 63 of a-z, 0-9 and -; made from the name when absent.
    slug: Option<String>,
}

/// Makes a tenant and its sandbox.
#[utoipa::path(
    post, path = "/platform/v1/tenants", operation_id = "createTenant", tag = "tenants",
    request_body = NewTenant,
    responses(
        (status = 201, body = TenantView),
        (status = 409, body = Problem, description = "the slug is taken"),
        (status = 422, body = Problem),
    ),
)]
pub async fn handle(caller: Caller<Operator>, body: JsonBody) -> ApiResult {
    let new = body.read(|f| NewTenant { name: f.text("name"), slug: f.opt_text("slug") })?;
    let tenant = caller.state().app.create_tenant(&new.name, new.slug.as_deref()).await?;
    Ok(reply::created(&view_tenant(&tenant)))
}
