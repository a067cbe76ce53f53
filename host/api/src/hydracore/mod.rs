//! The HydraCore workflows API (source: contracts/hydracore.md).
//!
//! A workflow is a record without a definition ([`stepwright_engine::record`]). Agents speak for one instance with its
//! proxy key, dashboards for the whole tenant with a signed token or an API key. Refusals are shaped as FastAPI shapes
//! them: `{"detail": …}`, and for a request that breaks rules every fault at once.

mod auth;
mod error;
mod handlers;
mod input;
mod respond;
mod webhooks;
mod wire;

pub use webhooks::Projection;

use crate::endpoint;
use crate::kit::{ApiError, Endpoint, RequestInfo, Wire};
use axum::response::Response;
use stepwright_engine::Dialect;

/// The dialect.
pub struct HydraCore;

impl Wire for HydraCore {
    fn dialect(&self) -> Dialect {
        Dialect::Hydracore
    }

    fn about(&self) -> (&'static str, &'static str) {
        let introduction = "Records of long business processes. `/internal/v1` takes the proxy key of one instance \
            (`hcp_…`, as a bearer token); `/v1/workflows` a tenant administrator's signed token as a bearer token, or \
            an API key (`hc_live_…`) in `X-Api-Key`. A request that breaks rules is told every fault at once (422); \
            what a status or a guard does not allow is 409.";
        ("HydraCore workflows API", introduction)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![
            endpoint!(handlers::list_internal),
            endpoint!(handlers::create),
            endpoint!(handlers::get_internal),
            endpoint!(handlers::advance),
            endpoint!(handlers::resume_internal),
            endpoint!(handlers::suspend_internal),
            endpoint!(handlers::list),
            endpoint!(handlers::list_suspended),
            endpoint!(handlers::get),
            endpoint!(handlers::abort),
            endpoint!(handlers::resume),
            endpoint!(handlers::suspend),
        ]
    }

    fn render(&self, error: &ApiError, _: &RequestInfo) -> Response {
        error::render(error)
    }

    fn api_key_header(&self) -> Option<&'static str> {
        Some("X-Api-Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{openapi, routes_of};
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// Source: contracts/hydracore.md 1A.2.
    #[test]
    fn exactly_the_endpoints_of_the_contract_are_served() {
        let internal = "/internal/v1/instances/{instance_id}/workflows";
        let expected: BTreeSet<String> = [
            format!("GET {internal}"),
            format!("POST {internal}"),
            format!("GET {internal}/{{workflow_id}}"),
            format!("PATCH {internal}/{{workflow_id}}"),
            format!("POST {internal}/{{workflow_id}}/resume"),
            format!("POST {internal}/{{workflow_id}}/suspend"),
            "GET /v1/workflows".into(),
            "GET /v1/workflows/suspended".into(),
            "GET /v1/workflows/{workflow_id}".into(),
            "POST /v1/workflows/{workflow_id}/abort".into(),
            "POST /v1/workflows/{workflow_id}/resume".into(),
            "POST /v1/workflows/{workflow_id}/suspend".into(),
        ]
        .into();
        let served = routes_of(&[&HydraCore]);
        let names: BTreeSet<String> = served.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(names, expected);
        let operations: BTreeSet<&str> = served.iter().map(|r| r.operation).collect();
        assert_eq!(operations.len(), served.len());
    }

    #[test]
    fn the_document_names_the_members_of_the_wire() {
        let document: Value = serde_json::from_str(&openapi::document(&HydraCore)).unwrap();
        let schemas = &document["components"]["schemas"];
        for (schema, member) in [
            ("WorkflowRecord", "escalation_level"),
            ("WorkflowList", "per_page"),
            ("WorkflowCreate", "customer_id"),
            ("WorkflowAdvance", "action_detail"),
            ("WorkflowSuspend", "step"),
            ("WorkflowResume", "resume_data"),
            ("WorkflowAction", "message"),
            ("HistoryItem", "from_stage"),
            ("HTTPValidationError", "detail"),
        ] {
            assert!(schemas[schema]["properties"][member].is_object(), "{schema}.{member}");
        }
        assert_eq!(schemas["WorkflowRecord"]["required"].as_array().unwrap().len(), 20);
    }
}
