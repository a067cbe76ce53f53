//! The platform API (contracts/platform.md): tenants, keys, plugins, data, definitions, executions.

mod agent;
mod automation;
mod decision;
mod definition;
mod endpoints;
mod handlers;
mod list;
mod mcp;
mod mcp_server;
mod permissions;
mod problem;
mod projection;
mod rows;
mod settings;
mod views;

pub use projection::Projection;

use crate::kit::{ApiError, Endpoint, RequestInfo, Wire};
use axum::response::Response;
use stepwright_engine::Dialect;

/// The dialect.
pub struct Platform;

impl Wire for Platform {
    fn dialect(&self) -> Dialect {
        Dialect::Platform
    }
    fn about(&self) -> (&'static str, &'static str) {
        ("Stepwright platform API", "What operators and tenants manage the host with.")
    }
    fn endpoints(&self) -> Vec<Endpoint> {
        endpoints::all()
    }
    fn render(&self, error: &ApiError, request: &RequestInfo) -> Response {
        problem::render(error, request)
    }
    fn scopes(&self) -> Option<&'static [&'static str]> {
        Some(&permissions::SCOPES)
    }
}
