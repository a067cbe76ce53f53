//! Refusals: `{"error": {"code", "message", "details"}}` (source: contracts/smartmca.md 1D.1).

use super::wire::{ErrorBody, ErrorDetail, FieldError};
use crate::kit::fields::field_name;
use crate::kit::{ApiError, ApiResult, Custom, reply};
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use stepwright_app::{AppError, FieldFault};

const VALIDATION: &str = "VALIDATION_ERROR";

/// Another tenant's workflow, an unknown one, and a text that is no id: one answer.
pub(super) const NO_WORKFLOW: ApiError = ApiError::App(AppError::NotFound("workflow"));
/// Another tenant's execution, an unknown one, and a text that is no id: one answer.
pub(super) const NO_EXECUTION: ApiError = ApiError::App(AppError::NotFound("execution"));

/// A query parameter that breaks a rule: 400, where a body's member would be 422 (source: 1D.1, "400 or 422").
pub(super) fn of_query<T>(read: ApiResult<T>) -> ApiResult<T> {
    read.map_err(|error| match error {
        ApiError::Invalid(faults) => {
            let details = faults.iter().map(|f| serde_json::json!([field_name(&f.pointer), f.message])).collect();
            ApiError::Custom(Box::new(Custom {
                status: StatusCode::BAD_REQUEST,
                code: VALIDATION,
                message: told("Invalid parameters", &faults),
                details: Some(details),
                retry_after_secs: None,
            }))
        }
        other => other,
    })
}

/// The error in this dialect's shape.
pub(super) fn render(error: &ApiError) -> Response {
    let status = error.status();
    let details = details(error);
    let message = match error {
        ApiError::Invalid(faults) | ApiError::App(AppError::Invalid(faults)) => told("Validation failed", faults),
        // What has gone between two looks reads like what never was.
        ApiError::App(AppError::NotFound("definition")) => NO_WORKFLOW.public_text(),
        other => other.public_text(),
    };
    let mut response = reply::json(status, &ErrorBody { error: ErrorDetail { code: code(error), message, details } });
    reply::retry_after(error, &mut response);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn code(error: &ApiError) -> &'static str {
    match error {
        ApiError::NoRoute | ApiError::App(AppError::NotFound(_)) => "NOT_FOUND",
        ApiError::MethodNotAllowed => "METHOD_NOT_ALLOWED",
        ApiError::Unauthenticated(_) => "UNAUTHORIZED",
        ApiError::MissingScope(_) | ApiError::Forbidden(_) | ApiError::App(AppError::Forbidden(_)) => "FORBIDDEN",
        ApiError::AddressNotAllowed => "IP_NOT_ALLOWED",
        ApiError::RateLimited { .. } => "RATE_LIMITED",
        ApiError::TooLarge { .. } => "PAYLOAD_TOO_LARGE",
        ApiError::UnsupportedType { .. } => "UNSUPPORTED_MEDIA_TYPE",
        ApiError::Malformed { .. }
        | ApiError::BadIdempotencyKey
        | ApiError::Invalid(_)
        | ApiError::App(AppError::Invalid(_)) => VALIDATION,
        ApiError::IdempotencyMismatch
        | ApiError::IdempotencyRunning
        | ApiError::App(
            AppError::Conflict(_)
            | AppError::Foreign(_)
            | AppError::Transition(_)
            | AppError::RecentRun { .. }
            | AppError::Quota(_),
        ) => "CONFLICT",
        ApiError::App(AppError::Unavailable(_)) => "SERVICE_UNAVAILABLE",
        ApiError::App(AppError::Internal(_)) | ApiError::Panic => "INTERNAL_ERROR",
        ApiError::Custom(custom) => custom.code,
    }
}

fn details(error: &ApiError) -> Vec<FieldError> {
    match error {
        ApiError::Invalid(faults) | ApiError::App(AppError::Invalid(faults)) => faults
            .iter()
            .map(|fault| FieldError { field: field_name(&fault.pointer), message: fault.message.clone() })
            .collect(),
        ApiError::BadIdempotencyKey => vec![FieldError {
            field: "Idempotency-Key".into(),
            message: "must be 1 to 255 visible ASCII characters".into(),
        }],
        ApiError::Custom(custom) => {
            let pairs = custom.details.clone().and_then(|details| serde_json::from_value(details).ok());
            let pairs: Vec<(String, String)> = pairs.unwrap_or_default();
            pairs.into_iter().map(|(field, message)| FieldError { field, message }).collect()
        }
        _ => Vec::new(),
    }
}

/// The message tells the first fault, `details` all of them.
fn told(what: &str, faults: &[FieldFault]) -> String {
    match faults {
        [] => what.into(),
        [only] => format!("{what}: {} {}", field_name(&only.pointer), only.message),
        [first, rest @ ..] => {
            format!("{what}: {} {} (and {} more)", field_name(&first.pointer), first.message, rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::AuthFault;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    async fn body(response: Response) -> Value {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn every_refusal_has_its_status_and_code_and_details_are_an_array() {
        for (error, status, code) in [
            (ApiError::NoRoute, 404, "NOT_FOUND"),
            (NO_WORKFLOW, 404, "NOT_FOUND"),
            (ApiError::MethodNotAllowed, 405, "METHOD_NOT_ALLOWED"),
            (ApiError::Unauthenticated(AuthFault::Missing), 401, "UNAUTHORIZED"),
            (ApiError::Unauthenticated(AuthFault::Invalid), 401, "UNAUTHORIZED"),
            (ApiError::MissingScope(&["workflows:read"]), 403, "FORBIDDEN"),
            (ApiError::AddressNotAllowed, 403, "IP_NOT_ALLOWED"),
            (ApiError::RateLimited { retry_after_secs: 3, limit: 60 }, 429, "RATE_LIMITED"),
            (ApiError::TooLarge { limit: 1 }, 413, "PAYLOAD_TOO_LARGE"),
            (ApiError::UnsupportedType { expected: "application/json" }, 415, "UNSUPPORTED_MEDIA_TYPE"),
            (ApiError::malformed("invalid JSON"), 400, "VALIDATION_ERROR"),
            (ApiError::BadIdempotencyKey, 400, "VALIDATION_ERROR"),
            (ApiError::invalid("/entityId", "is required"), 422, "VALIDATION_ERROR"),
            (of_query::<()>(Err(ApiError::invalid("/limit", "is 0"))).unwrap_err(), 400, "VALIDATION_ERROR"),
            (ApiError::IdempotencyMismatch, 409, "CONFLICT"),
            (ApiError::IdempotencyRunning, 409, "CONFLICT"),
            (ApiError::App(AppError::Conflict("backwards".into())), 409, "CONFLICT"),
            (ApiError::App(AppError::Quota("full".into())), 409, "CONFLICT"),
            (ApiError::App(AppError::Unavailable("locked".into())), 503, "SERVICE_UNAVAILABLE"),
            (ApiError::App(AppError::Internal("broken row".into())), 500, "INTERNAL_ERROR"),
            (ApiError::Panic, 500, "INTERNAL_ERROR"),
        ] {
            let response = render(&error);
            assert_eq!(response.status().as_u16(), status, "{error:?}");
            let body = body(response).await;
            assert_eq!(body["error"]["code"], code, "{error:?}");
            assert!(body["error"]["details"].is_array() && body["error"]["message"].is_string(), "{error:?}");
            assert!(!body.to_string().contains("locked") && !body.to_string().contains("broken row"));
        }
    }

    #[tokio::test]
    async fn every_broken_rule_names_its_field_in_a_body_and_in_a_query() {
        let faults =
            || vec![FieldFault::new("/entityType", "is required"), FieldFault::new("/entityId", "is required")];
        let details = json!([
            { "field": "entityType", "message": "is required" },
            { "field": "entityId", "message": "is required" },
        ]);
        let of_body = body(render(&ApiError::Invalid(faults()))).await;
        assert_eq!(of_body["error"]["details"], details);
        assert_eq!(of_body["error"]["message"], "Validation failed: entityType is required (and 1 more)");
        let refused = of_query::<()>(Err(ApiError::Invalid(faults()))).unwrap_err();
        assert_eq!(body(render(&refused)).await["error"]["details"], details);
    }
}
