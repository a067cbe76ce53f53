//! Operations: one table for the router, the OpenAPI documents and the coverage test.

use super::{ApiState, Wire};
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use stepwright_engine::Dialect;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

/// An operation for tests and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    pub method: Method,
    /// With `{parameters}`.
    pub path: &'static str,
    pub dialect: Dialect,
    /// The operation id, unique within the dialect.
    pub operation: &'static str,
}

/// One operation: a handler with what `#[utoipa::path]` says about it. Made by [`crate::endpoint!`].
pub struct Endpoint {
    pub method: HttpMethod,
    pub path: String,
    pub operation: Operation,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    pub route: MethodRouter<ApiState>,
    /// Other paths of the same operation.
    pub aliases: Vec<&'static str>,
}

impl Endpoint {
    /// Joins a handler and its description `P`.
    pub fn of<P, H, T>(handler: H) -> Self
    where
        P: utoipa::Path + utoipa::__dev::SchemaReferences,
        H: Handler<T, ApiState>,
        T: 'static,
    {
        let method = P::methods().into_iter().next().unwrap_or(HttpMethod::Get);
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        let route = on(filter_of(&method), handler);
        Self { method, path: P::path(), operation: P::operation(), schemas, route, aliases: Vec::new() }
    }
}

impl Endpoint {
    /// The same operation under another path, which documents and the coverage test do not list.
    #[must_use]
    pub fn also(mut self, path: &'static str) -> Self {
        self.aliases.push(path);
        self
    }
}

/// `endpoint!(handlers::things::create)`: the [`Endpoint`] of the module's `handle` function.
#[macro_export]
macro_rules! endpoint {
    ($($module:ident)::+) => {
        $crate::kit::Endpoint::of::<$($module)::+::__path_handle, _, _>($($module)::+::handle)
    };
}

/// The registry of all operations.
pub fn routes_of(wires: &[&dyn Wire]) -> Vec<RouteInfo> {
    let mut routes = Vec::new();
    for wire in wires {
        for endpoint in wire.endpoints() {
            let operation = endpoint.operation.operation_id.unwrap_or_default();
            routes.push(RouteInfo {
                method: method_of(&endpoint.method),
                // Once per process and route.
                path: endpoint.path.leak(),
                dialect: wire.dialect(),
                operation: operation.leak(),
            });
        }
    }
    routes
}

fn filter_of(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
