//! Whose key a key is.

use crate::kit::{ApiError, ApiResult, AuthFault, Caller, reply};
use crate::softsolz::auth::AnyKey;
use crate::softsolz::wire::{Data, Whoami};
use stepwright_app::Principal;

/// Shows whose key this is and what it may do.
#[utoipa::path(
    get, path = "/api/v1/whoami", operation_id = "whoami", tag = "key",
    responses((status = 200, body = Data<Whoami>)),
)]
pub async fn handle(caller: Caller<AnyKey>) -> ApiResult {
    let access = caller.own_tenant().await?;
    let Principal::Key(key) = &caller.principal else {
        return Err(ApiError::Unauthenticated(AuthFault::Invalid));
    };
    let data = Whoami {
        tenant_id: access.tenant_id().to_string(),
        environment: access.tenant().environment.as_str(),
        key_prefix: key.prefix.clone(),
        scopes: key.scopes.clone(),
    };
    Ok(reply::ok(&Data { data }))
}
