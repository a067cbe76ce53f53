//! Answers.

use super::ApiError;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A JSON answer.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    typed(status, "application/json", body)
}

/// 200 with JSON.
pub fn ok<T: Serialize>(body: &T) -> Response {
    json(StatusCode::OK, body)
}

/// 201 with JSON.
pub fn created<T: Serialize>(body: &T) -> Response {
    json(StatusCode::CREATED, body)
}

/// 204.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// JSON under another media type.
pub fn typed<T: Serialize>(status: StatusCode, media_type: &'static str, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be serialized");
            ApiError::Panic.into_response()
        }
    }
}

/// Adds `Retry-After` where the error has one.
pub fn retry_after(error: &ApiError, response: &mut Response) {
    if let Some(seconds) = error.retry_after_secs() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
