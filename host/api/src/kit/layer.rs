//! Around every route: request id, span, metrics, panics, and errors in their dialect's shape.

use super::service::{Surface, wire_of};
use super::{ApiError, RequestInfo, drain, paths};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use stepwright_app::AppError;
use stepwright_engine::Dialect;
use tracing::Instrument as _;

/// The middleware.
pub async fn around(State(surface): State<Arc<Surface>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let info = Arc::new(info_of(&surface, &request));
    let span = tracing::info_span!(
        "http.request",
        request_id = %info.id,
        method = %info.method,
        route = info.route,
        dialect = info.dialect.as_str(),
        tenant = tracing::field::Empty,
        status = tracing::field::Empty,
        latency_us = tracing::field::Empty,
    );
    request.extensions_mut().insert(Arc::clone(&info));
    let request = drain::read_to_end(request);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        span.in_scope(|| tracing::error!(panic = text.unwrap_or("not a text"), "a handler panicked"));
        ApiError::Panic.into_response()
    });
    let wire = wire_of(surface.wires, info.dialect);
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        span.in_scope(|| log(&error));
        response = wire.render(&error, &info);
    }
    let headers = response.headers_mut();
    wire.headers(&info, headers);
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        headers.insert(wire.request_id_header(), id);
    }
    let (status, latency) = (response.status().as_u16(), started.elapsed());
    span.record("status", status);
    span.record("latency_us", u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    let labels = [
        ("method", metrics::SharedString::from(method_label(&info.method))),
        ("route", metrics::SharedString::const_str(info.route)),
        ("dialect", metrics::SharedString::const_str(info.dialect.as_str())),
    ];
    metrics::histogram!("http_request_duration_seconds", &labels).record(latency.as_secs_f64());
    let [method, route, dialect] = labels;
    let status = ("status", metrics::SharedString::from(status.to_string()));
    metrics::counter!("http_requests_total", &[method, route, dialect, status]).increment(1);
    response
}

fn info_of(surface: &Surface, request: &Request) -> RequestInfo {
    let path = request.uri().path();
    let matched = request.extensions().get::<MatchedPath>().and_then(|m| surface.routes.get(m.as_str()));
    let (route, dialect) = match matched {
        Some((route, dialect)) => (*route, *dialect),
        None => ("", paths::dialect_of(path).unwrap_or(Dialect::Platform)),
    };
    let id = given_id(request.headers()).unwrap_or_else(|| surface.ids.fresh().to_string());
    RequestInfo::new(id, dialect, request.method().clone(), path.to_owned(), route)
}

/// The caller's own id, when it is 1 to 128 visible ASCII characters.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let bytes = headers.get("x-request-id")?.as_bytes();
    let fits = (1..=128).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Methods as label values: made-up ones must not make up time series.
fn method_label(method: &http::Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn log(error: &ApiError) {
    match error {
        ApiError::App(AppError::Internal(text)) => tracing::error!(error = text, "internal error"),
        ApiError::App(AppError::Unavailable(text)) => tracing::warn!(error = text, "temporarily unavailable"),
        _ => {}
    }
}
