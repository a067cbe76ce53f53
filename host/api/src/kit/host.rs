//! The host's own paths, outside of all dialects: health, metrics, documents.

use super::{ApiError, ApiState, Wire, openapi, reply};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use stepwright_engine::Dialect;

const PATHS: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/openapi/{file}", "/docs"];

/// The paths, for metrics.
pub fn templates() -> impl Iterator<Item = (&'static str, (&'static str, Dialect))> {
    PATHS.into_iter().map(|path| (path, (path, Dialect::Platform)))
}

/// The routes.
pub fn router(wires: &'static [&'static dyn Wire]) -> Router<ApiState> {
    let documents = Arc::new(documents(wires));
    let index: Vec<&'static str> = wires.iter().map(|w| w.dialect().as_str()).collect();
    let page = openapi::page(&index);
    Router::new()
        .route(PATHS[0], get(async || reply::ok(&json!({ "status": "ok" }))))
        .route(PATHS[1], get(ready))
        .route(PATHS[2], get(metrics))
        .route(PATHS[3], get(async move |Path(file): Path<String>| document(&documents, &file)))
        .route(PATHS[4], get(async move || Html(page)))
}

async fn ready(State(state): State<ApiState>) -> Response {
    let parts = state.readiness.parts().await;
    let reasons: Vec<String> =
        parts.iter().filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong.as_deref()?))).collect();
    let checks: serde_json::Map<String, serde_json::Value> =
        parts.iter().map(|(name, wrong)| ((*name).to_owned(), json!(wrong.as_deref().unwrap_or("ok")))).collect();
    let (status, word) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    reply::json(status, &json!({ "status": word, "reasons": reasons, "checks": checks }))
}

async fn metrics(State(state): State<ApiState>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], (state.metrics)()).into_response()
}

fn documents(wires: &[&dyn Wire]) -> HashMap<String, String> {
    wires.iter().map(|wire| (format!("{}.json", wire.dialect().as_str()), openapi::document(*wire))).collect()
}

fn document(documents: &HashMap<String, String>, file: &str) -> Response {
    match documents.get(file) {
        Some(text) => ([(CONTENT_TYPE, "application/json")], text.clone()).into_response(),
        None => ApiError::NoRoute.into_response(),
    }
}
