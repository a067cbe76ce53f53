//! One router out of all dialects.

use super::rewrite::rewrite;
use super::{ApiError, ApiState, RouteInfo, Wire, host, layer};
use axum::Router;
use axum::body::Body;
use http::Request;
use std::collections::HashMap;
use std::sync::Arc;
use stepwright_engine::{Dialect, IdSource};
use tower::util::MapRequest;

/// The whole surface as a service; `axum::ServiceExt` makes it servable.
pub type ApiService = MapRequest<Router, fn(Request<Body>) -> Request<Body>>;

/// What the middleware needs to know of the surface.
pub struct Surface {
    pub wires: &'static [&'static dyn Wire],
    /// Route template → the same text for metrics, and whose it is.
    pub routes: HashMap<&'static str, (&'static str, Dialect)>,
    pub ids: Arc<dyn IdSource>,
}

/// Puts all dialects and the host's own paths together.
pub fn assemble(state: ApiState, wires: &'static [&'static dyn Wire], routes: &'static [RouteInfo]) -> ApiService {
    let mut router: Router<ApiState> = host::router(wires);
    let mut templates: HashMap<_, _> =
        routes.iter().map(|r| (r.path, (r.path, r.dialect))).chain(host::templates()).collect();
    for wire in wires {
        for endpoint in wire.endpoints() {
            for alias in endpoint.aliases {
                router = router.route(alias, endpoint.route.clone());
                templates.insert(alias, (alias, wire.dialect()));
            }
            router = router.route(&endpoint.path, endpoint.route);
        }
    }
    let surface = Surface { wires, routes: templates, ids: Arc::clone(state.app.ids()) };
    finish(router.with_state(state), surface)
}

/// Fallbacks, middleware and URI rewriting around a router.
pub fn finish(router: Router, surface: Surface) -> ApiService {
    let router = router
        .fallback(async || ApiError::NoRoute)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(axum::middleware::from_fn_with_state(Arc::new(surface), layer::around));
    MapRequest::new(router, rewrite)
}

/// The dialect's wire; the first one speaks for dialects that are not served.
pub fn wire_of(wires: &'static [&'static dyn Wire], dialect: Dialect) -> &'static dyn Wire {
    wires.iter().find(|w| w.dialect() == dialect).copied().unwrap_or(wires[0])
}
