use crate::kit::{ApiResult, Caller, Params, reply};
use crate::platform::permissions::Write;
use crate::platform::problem::Problem;
use stepwright_engine::{KeyId, TenantId};

/// Revokes a key: at once here, within a second on every other node.
#[utoipa::path(
    delete, path = "/platform/v1/tenants/{t}/keys/{id}", operation_id = "revokeKey", tag = "keys",
    params(("t" = String, Path, description = "tenant id"), ("id" = String, Path, description = "key id")),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn handle(caller: Caller<Write>, Params((t, id)): Params<(TenantId, KeyId)>) -> ApiResult {
    let access = caller.tenant(t).await?;
    caller.state().app.revoke_key(&access, id).await?;
    Ok(reply::no_content())
}
