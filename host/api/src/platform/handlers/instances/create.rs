use crate::kit::{ApiResult, Caller, JsonBody, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use crate::platform::views::{InstanceView, view_instance};
use stepwright_engine::TenantId;
use utoipa::ToSchema;

/// An instance to be made.
#[derive(ToSchema)]
struct NewInstance {
    name: String,
}

/// Makes an agent instance.
#[utoipa::path(
    post, path = "/platform/v1/tenants/{t}/instances", operation_id = "createInstance", tag = "instances",
    params(("t" = String, Path, description = "tenant id")),
    request_body = NewInstance,
    responses((status = 201, body = InstanceView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params(t): Params<TenantId>, body: JsonBody) -> ApiResult {
    let new = body.read(|f| NewInstance { name: f.text("name") })?;
    let access = caller.tenant(t).await?;
    let instance = caller.state().app.create_instance(&access, &new.name).await?;
    Ok(reply::created(&view_instance(instance)))
}
