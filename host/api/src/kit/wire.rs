use super::{ApiError, Endpoint, RequestInfo};
use axum::response::Response;
use http::{HeaderMap, HeaderName};
use stepwright_engine::Dialect;

/// A dialect as the kit sees it. Each dialect implements it once, for a unit struct.
pub trait Wire: Send + Sync + 'static {
    /// Which dialect it is.
    fn dialect(&self) -> Dialect;
    /// Its operations; router, OpenAPI document and the coverage test are made from them.
    fn endpoints(&self) -> Vec<Endpoint>;
    /// An error in this dialect's shape. `Allow` and the request id are added by the kit, `Retry-After` by
    /// [`super::reply::retry_after`].
    fn render(&self, error: &ApiError, request: &RequestInfo) -> Response;
    /// Title and introduction of its OpenAPI document.
    fn about(&self) -> (&'static str, &'static str);
    /// The header that carries the request id back.
    fn request_id_header(&self) -> HeaderName {
        HeaderName::from_static("x-request-id")
    }
    /// The header that carries a key where there is no bearer token, if there is one.
    fn api_key_header(&self) -> Option<&'static str> {
        None
    }
    /// The scopes its keys may have, when only these are known ones; see [`super::auth::is_scope_of`].
    fn scopes(&self) -> Option<&'static [&'static str]> {
        None
    }
    /// Requests per key and minute, unless the key says otherwise.
    fn rate_per_minute(&self) -> u32 {
        600
    }
    /// Headers on every answer, such as the state of the rate limit.
    fn headers(&self, _request: &RequestInfo, _headers: &mut HeaderMap) {}
}
