//! Refusals as FastAPI gives them (source: contracts/hydracore.md 1A.3).

use super::wire::{Detail, Fault, HTTPValidationError};
use crate::kit::{ApiError, Custom, reply};
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use stepwright_app::{AppError, FieldFault};

/// The code of [`invalid`], by which [`render`] knows it.
const INVALID: &str = "request_validation";

/// A request that breaks rules, with every fault.
pub(super) fn invalid(faults: Vec<Fault>) -> ApiError {
    ApiError::Custom(Box::new(Custom {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: INVALID,
        message: "the request breaks rules".into(),
        // Faults always serialize: texts and JSON values.
        details: serde_json::to_value(faults).ok(),
        retry_after_secs: None,
    }))
}

/// The error in this dialect's shape.
pub(super) fn render(error: &ApiError) -> Response {
    let status = match error {
        ApiError::Malformed { .. } | ApiError::BadIdempotencyKey => StatusCode::UNPROCESSABLE_ENTITY,
        other => other.status(),
    };
    let faults = match error {
        ApiError::Custom(custom) if custom.code == INVALID => custom.details.clone(),
        ApiError::Invalid(faults) | ApiError::App(AppError::Invalid(faults)) => {
            serde_json::to_value(faults.iter().map(told).collect::<Vec<_>>()).ok()
        }
        ApiError::Malformed { .. } => {
            let fault = Fault::new("value_error", vec!["query".into()], error.public_text());
            serde_json::to_value([fault]).ok()
        }
        ApiError::BadIdempotencyKey => {
            let loc = vec!["header".into(), "Idempotency-Key".into()];
            serde_json::to_value([Fault::new("value_error", loc, error.public_text())]).ok()
        }
        _ => None,
    };
    let mut response = match faults {
        Some(detail) => reply::json(status, &HTTPValidationError { detail }),
        None => reply::json(status, &Detail { detail: detail(error) }),
    };
    reply::retry_after(error, &mut response);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn detail(error: &ApiError) -> String {
    match error {
        ApiError::NoRoute => "Not Found".into(),
        ApiError::App(AppError::NotFound(_)) => "Workflow not found".into(),
        ApiError::MethodNotAllowed => "Method Not Allowed".into(),
        ApiError::Unauthenticated(_) => "Not authenticated".into(),
        ApiError::MissingScope(_) => "Insufficient scope".into(),
        ApiError::RateLimited { .. } => "Rate limit exceeded".into(),
        ApiError::TooLarge { .. } => "Request body too large".into(),
        ApiError::App(AppError::Internal(_)) | ApiError::Panic => "Internal Server Error".into(),
        ApiError::App(AppError::Unavailable(_)) => "Service temporarily unavailable".into(),
        other => other.public_text(),
    }
}

/// What a use case has found wrong: a rule beyond the request's form.
fn told(fault: &FieldFault) -> Fault {
    let mut loc = vec![Value::from("body")];
    loc.extend(fault.pointer.split('/').skip(1).filter(|part| !part.is_empty()).map(Value::from));
    let name = fault.pointer.trim_start_matches('/');
    let msg = if fault.message.starts_with(name) { fault.message.clone() } else { format!("{name} {}", fault.message) };
    let mut told = Fault::new("value_error", loc, format!("Value error, {msg}"));
    told.ctx = Some(json!({ "error": {} }));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::AuthFault;
    use http_body_util::BodyExt as _;

    async fn body(response: Response) -> Value {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_refusal_has_its_status_and_its_detail() {
        for (error, status, detail) in [
            (ApiError::NoRoute, 404, "Not Found"),
            (ApiError::App(AppError::NotFound("workflow")), 404, "Workflow not found"),
            (ApiError::MethodNotAllowed, 405, "Method Not Allowed"),
            (ApiError::Unauthenticated(AuthFault::Missing), 401, "Not authenticated"),
            (ApiError::Unauthenticated(AuthFault::Invalid), 401, "Not authenticated"),
            (ApiError::MissingScope(&["workflows:read"]), 403, "Insufficient scope"),
            (ApiError::Forbidden("Admin access required".into()), 403, "Admin access required"),
            (ApiError::RateLimited { retry_after_secs: 3, limit: 60 }, 429, "Rate limit exceeded"),
            (ApiError::TooLarge { limit: 1 }, 413, "Request body too large"),
            (ApiError::App(AppError::Conflict("guard unavailable".into())), 409, "guard unavailable"),
            (ApiError::IdempotencyMismatch, 409, "the idempotency key was used with another body"),
            (ApiError::App(AppError::Unavailable("locked".into())), 503, "Service temporarily unavailable"),
            (ApiError::App(AppError::Internal("broken row".into())), 500, "Internal Server Error"),
            (ApiError::Panic, 500, "Internal Server Error"),
        ] {
            let response = render(&error);
            assert_eq!(response.status().as_u16(), status, "{error:?}");
            assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{error:?}");
            assert_eq!(body(response).await, json!({ "detail": detail }), "{error:?}");
        }
    }

    #[tokio::test]
    async fn faults_of_use_cases_stand_where_the_member_stands() {
        let error = ApiError::invalid("/expires_at", "must lie in the future");
        let response = render(&error);
        assert_eq!(response.status(), 422);
        let expected = json!({ "detail": [{
            "type": "value_error", "loc": ["body", "expires_at"],
            "msg": "Value error, expires_at must lie in the future", "ctx": { "error": {} },
        }] });
        assert_eq!(body(response).await, expected);
    }
}
