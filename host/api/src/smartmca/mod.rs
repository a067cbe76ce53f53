//! The SmartMCA public workflows API (source: contracts/smartmca.md).
//!
//! A workflow is a native definition, made through the platform API; an execution of any dialect can be read here.

mod auth;
mod error;
mod handlers;
mod ids;
mod page;
mod translate;
mod webhooks;
mod wire;

pub use webhooks::Projection;

use crate::endpoint;
use crate::kit::{ApiError, Endpoint, RequestInfo, Wire};
use axum::response::Response;
use stepwright_engine::Dialect;

/// The dialect.
pub struct SmartMca;

impl Wire for SmartMca {
    fn dialect(&self) -> Dialect {
        Dialect::Smartmca
    }

    fn about(&self) -> (&'static str, &'static str) {
        let introduction = "Triggers workflows on entities, follows their executions, and moves applications through \
            their stages. Keys start `smca_live_` or `smca_test_`; the latter act on the paired sandbox. Lists page by \
            `page` and `limit`. Refusals stand in `error`. Every POST takes an `Idempotency-Key`.";
        ("SmartMCA public workflows API", introduction)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![
            endpoint!(handlers::list_workflows),
            endpoint!(handlers::get_workflow),
            endpoint!(handlers::trigger_workflow),
            endpoint!(handlers::list_executions),
            endpoint!(handlers::get_execution),
            endpoint!(handlers::change_status),
            endpoint!(handlers::advance_stage),
            endpoint!(handlers::assign_underwriter),
        ]
    }

    fn render(&self, error: &ApiError, _: &RequestInfo) -> Response {
        error::render(error)
    }
}
