use crate::kit::{ApiError, ApiResult};
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use stepwright_engine::TenantId;

/// `/tenants/{t}/plugins/{name}/{version}`, where the name may hold one slash: written as such (then the router has
/// put what stands before it into `ns`) or as `%2F`.
pub struct PluginPath {
    pub tenant: TenantId,
    pub name: String,
    pub version: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PluginPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::NoRoute)?;
        let get = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        let (Some(tenant), Some(name), Some(version)) = (get("t"), get("name"), get("version")) else {
            return Err(ApiError::NoRoute);
        };
        let name = match get("ns") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        };
        Ok(Self { tenant: tenant.parse().map_err(|_| ApiError::NoRoute)?, name, version })
    }
}
