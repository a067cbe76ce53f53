//! The SoftSolz Workflows API (source: contracts/softsolz.md).
//!
//! A workflow is a [`stepwright_engine::Definition`] of nodes in a row that stops at the first failure and tries
//! nothing again; a run is an execution of it. What only this API knows stands in the definition's presentation.

mod auth;
mod error;
mod handlers;
mod page;
mod translate;
mod webhooks;
mod wire;

pub use webhooks::Projection;

use crate::endpoint;
use crate::kit::{ApiError, Endpoint, RequestInfo, Wire};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use stepwright_engine::Dialect;

/// The dialect.
pub struct SoftSolz;

impl Wire for SoftSolz {
    fn dialect(&self) -> Dialect {
        Dialect::Softsolz
    }

    fn about(&self) -> (&'static str, &'static str) {
        let introduction = "Schedules recurring jobs, and triggers and lists their runs. Keys start `sk_live_` or \
            `sk_test_`; the latter act on the paired sandbox. Answers stand in `data`, refusals in `error`. Every call \
            that changes something takes an `Idempotency-Key`. Lists page by `limit` and `offset`, newest first.";
        ("SoftSolz Workflows API", introduction)
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![
            endpoint!(handlers::list_workflows),
            endpoint!(handlers::create_workflow),
            endpoint!(handlers::get_workflow),
            endpoint!(handlers::update_workflow),
            endpoint!(handlers::delete_workflow),
            endpoint!(handlers::pause_workflow),
            endpoint!(handlers::resume_workflow),
            endpoint!(handlers::run_workflow),
            endpoint!(handlers::list_runs),
            endpoint!(handlers::list_workflow_runs),
            endpoint!(handlers::get_run),
            endpoint!(handlers::action_catalog),
            endpoint!(handlers::whoami),
        ]
    }

    fn render(&self, error: &ApiError, _: &RequestInfo) -> Response {
        error::render(error)
    }

    fn request_id_header(&self) -> HeaderName {
        HeaderName::from_static("softsolz-request-id")
    }

    fn rate_per_minute(&self) -> u32 {
        60
    }

    /// The state of the key's limit; `Reset` is in seconds from now.
    fn headers(&self, request: &RequestInfo, headers: &mut HeaderMap) {
        let Some(rate) = request.rate() else { return };
        for (name, value) in [
            (HeaderName::from_static("x-ratelimit-limit"), u64::from(rate.limit)),
            (HeaderName::from_static("x-ratelimit-remaining"), u64::from(rate.remaining)),
            (HeaderName::from_static("x-ratelimit-reset"), rate.reset_secs),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{openapi, routes_of};
    use serde_json::Value;
    use std::collections::BTreeSet;

    const BASE: &str = "/api/v1/services/workflows";

    /// Source: contracts/softsolz.md 1C.2.
    #[test]
    fn exactly_the_endpoints_of_the_contract_are_served() {
        let expected = [
            "GET /workflows",
            "POST /workflows",
            "GET /workflows/{id}",
            "PUT /workflows/{id}",
            "DELETE /workflows/{id}",
            "POST /workflows/{id}/pause",
            "POST /workflows/{id}/resume",
            "POST /workflows/{id}/run",
            "GET /runs",
            "GET /workflows/{id}/runs",
            "GET /runs/{id}",
            "GET /action-catalog",
            "GET /api/v1/whoami",
        ];
        let served = routes_of(&[&SoftSolz]);
        let names: Vec<String> =
            served.iter().map(|r| format!("{} {}", r.method, r.path.strip_prefix(BASE).unwrap_or(r.path))).collect();
        assert_eq!(names, expected);
        let operations: BTreeSet<&str> = served.iter().map(|r| r.operation).collect();
        assert_eq!(operations.len(), served.len());
    }

    #[test]
    fn the_document_names_the_members_of_the_wire() {
        let document: Value = serde_json::from_str(&openapi::document(&SoftSolz)).unwrap();
        let schemas = &document["components"]["schemas"];
        for (schema, member) in [
            ("Workflow", "cron_expression"),
            ("WorkflowCreate", "shared_role_ids"),
            ("WorkflowUpdate", "steps"),
            ("StepCreate", "step_config"),
            ("Run", "run_id"),
            ("RunStep", "finished_at"),
            ("CatalogItem", "config_schema"),
            ("Error", "error"),
        ] {
            assert!(schemas[schema]["properties"][member].is_object(), "{schema}.{member}");
        }
        let words = serde_json::json!(["private", "tenant", "shared"]);
        assert_eq!(schemas["Visibility"]["enum"], words);
    }
}
